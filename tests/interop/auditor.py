"""A log read and checked, and written, in Python: from schemas/PROTOCOL.md, "The log", not from the C code."""
import pathlib
import struct

from contract import H, Refused, leaf, node

HEAD, RECORD, MAGIC = 4096, 32, b"samenlog"


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def crc32c(data):
    state = 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ _TABLE[(state ^ byte) & 0xFF]
    return state ^ 0xFFFFFFFF


class Frontier:
    """A growing tree: the roots of its complete subtrees, by level."""

    def __init__(self):
        self.size, self.roots = 0, {}

    def add(self, hash_):
        level = 0
        while self.size >> level & 1:
            hash_ = node(self.roots.pop(level), hash_)
            level += 1
        self.roots[level] = hash_
        self.size += 1

    def root(self):
        if not self.roots:
            return H(b"")
        levels = sorted(self.roots)
        root = self.roots[levels[0]]
        for level in levels[1:]:
            root = node(self.roots[level], root)
        return root

    def stored(self):
        return b"".join(self.roots.get(level, bytes(32)) for level in range(64))


def record_leaf(number, kind, kept, digest):
    return leaf(struct.pack("<QII", number, kind, len(kept)) + kept + digest)


# ---------------------------------------------------------------- writing

def write_head(tree, identity, seed, first, size, frontier):
    head = MAGIC + struct.pack("<II", 1, int(tree)) + identity + seed + struct.pack("<QQ", first, size)
    head = (head + frontier.stored()).ljust(HEAD - 4, b"\0")
    return head + struct.pack("<I", crc32c(head))


def write_record(tree, seeded, kind, number, began, kept, content, salt):
    digest = H(salt, content) if tree and content else b""
    hidden = (salt if tree else b"") + content if content else b""
    end = struct.pack("<I", crc32c(seeded + hidden)) + hidden if content else b""
    covered = struct.pack("<BHIIQQ", 0, kind, len(kept), len(content), number, began) + kept + digest
    return struct.pack("<I", crc32c(seeded + covered)) + b"\0" + covered + end


def write_seal(seeded, number):
    return write_record(False, seeded, 0, number, number, b"", b"", b"")


# ---------------------------------------------------------------- reading

class Record:
    def __init__(self, number, kind, kept, content, erased, leaf_):
        self.number, self.kind, self.kept, self.content = number, kind, kept, content
        self.erased, self.leaf = erased, leaf_


class Log:
    """All records of a folder, each checked; `tree` is over all of them, `sealed` is the last that a seal vouches for."""

    def __init__(self, folder):
        self.records, self.tree, self.identity, self.sealed = [], Frontier(), None, 0
        files = sorted(file for file in pathlib.Path(folder).glob("*.log") if len(file.stem) == 20)
        for file in files:
            self._segment(file, file == files[-1])

    def _segment(self, file, last):
        data = file.read_bytes()
        head, (crc,) = data[:HEAD - 4], struct.unpack_from("<I", data, HEAD - 4)
        form, tree, identity, seed, first, size = struct.unpack_from("<II16s16sQQ", data, 8)
        if head[:8] != MAGIC or form != 1 or crc != crc32c(head) or first != int(file.stem):
            raise Refused("damaged", f"{file.name}: head")
        if first != len(self.records) + 1 or size != len(data) or (self.identity or identity) != identity:
            raise Refused("damaged", f"{file.name}: another log's, or out of order")
        if head[64:2112] != (self.tree.stored() if tree else bytes(2048)):
            raise Refused("damaged", f"{file.name}: tree")
        self.identity, offset, wrong = identity, HEAD, ""
        while not wrong and offset + RECORD <= len(data) and any(data[offset:offset + RECORD]):
            offset, wrong = self._item(data, offset, bool(tree), identity + seed)
        if wrong and (not last or self._seal_behind(data, identity + seed, offset)):
            raise Refused("damaged", f"{file.name}, offset {offset}: {wrong}")

    def _seal_behind(self, data, seeded, offset):
        """What is not valid may be a write that a crash tore, unless a seal behind it says that it was there."""
        for at in range(offset, len(data) - RECORD + 1):
            if data[at + 4:at + 16] == bytes(12) and data[at + 16:at + 24] == data[at + 24:at + 32] != bytes(8):
                if struct.unpack_from("<I", data, at)[0] == crc32c(seeded + data[at + 5:at + RECORD]):
                    return True
        return False

    def _item(self, data, offset, tree, seeded):
        """Takes a record or seal. Gives the offset behind it and "", or its own and what is wrong."""
        crc, mark, zero, kind, kept_size, size, number, began = struct.unpack_from("<IBBHIIQQ", data, offset)
        end = offset + RECORD + kept_size + (32 if tree and size else 0)
        if zero != 0 or mark not in (0, 0xE5) or end > len(data) or crc != crc32c(seeded + data[offset + 5:end]):
            return offset, "record"
        if kind == 0:
            self.sealed = number
            return (end, "") if number == len(self.records) else (offset, "seal")
        if number != len(self.records) + 1 or began > number:
            return offset, "number"
        kept = data[offset + RECORD:offset + RECORD + kept_size]
        digest = data[offset + RECORD + kept_size:end]
        salt = 16 if tree else 0
        hidden = data[end + 4:end + 4 + salt + size] if size and mark == 0 else b""
        if hidden and struct.unpack_from("<I", data, end)[0] != crc32c(seeded + hidden):
            return offset, "content"
        if hidden and tree and H(hidden) != digest:
            raise Refused("damaged", f"record {number}: content that is not the digest's")
        hash_ = record_leaf(number, kind, kept, digest)
        self.records.append(Record(number, kind, kept, hidden[salt:], mark != 0, hash_))
        self.tree.add(hash_)
        return end + (4 + salt + size if size else 0), ""
