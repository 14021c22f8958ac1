"""A network that can be cut: a TCP proxy between adapters and router."""
import contextlib
import socket
import threading


class Network:
    """Passes connections on to `port`; `cut` ends all there are, `hold` lets nothing through until `release`."""

    def __init__(self, port):
        self.target, self.open, self.lock = port, set(), threading.Lock()
        self.free = threading.Event()
        self.free.set()
        self.door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._carry_both, args=(self.door.accept()[0],), daemon=True).start()

    def _carry_both(self, near):
        self.free.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self.lock:
            self.open |= {near, far}
        other = threading.Thread(target=self._carry, args=(far, near), daemon=True)
        other.start()
        self._carry(near, far)
        other.join()
        with self.lock:
            self.open -= {near, far}
        near.close()
        far.close()

    def _carry(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.free.wait()
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut(self):
        with self.lock:
            for one in self.open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def hold(self):
        self.free.clear()

    def release(self):
        self.free.set()

    def close(self):
        self.release()
        self.door.close()
        self.cut()
