"""Certificates and key cards, good and bad."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from peer import c

K = c.envelope
DAY = 24 * 3600
USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
          "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")


def moment(days):
    return datetime.datetime.utcfromtimestamp(int(datetime.datetime.now().timestamp()) + int(days * DAY))


def named(*fields):
    return x509.Name([x509.NameAttribute(oid, value, _ASN1Type.UTF8String) for oid, value in fields])


def serial(oin):
    return named((NameOID.SERIAL_NUMBER, oin))


class Issuer:
    """A certificate and its key; the authority of the sandbox, or one that was made."""

    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key

    @classmethod
    def read(cls, certificate, key):
        return cls(x509.load_pem_x509_certificate(certificate.read_bytes()),
                   serialization.load_pem_private_key(key.read_bytes(), None))

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def list(self, *revoked, start=-1, end=30):
        """Its list of revoked certificates, as PEM."""
        made = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        made = made.last_update(moment(start)).next_update(moment(end))
        made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        made = made.add_extension(x509.CRLNumber(1), False)
        for one in revoked:
            made = made.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
                                                .revocation_date(moment(-0.5)).build())
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def certificate(subject, issuer=None, ca=False, start=-1, end=365, usage=None, extended=None, key=None, hash_=None):
    """By whom it is issued, or by itself; an organisation's that is good unless something else is said."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    usage = usage if usage is not None else ["key_cert_sign", "crl_sign"] if ca else ["digital_signature"]
    by = issuer or Issuer(None, key)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.certificate.subject if issuer else subject)
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(moment(start)).not_valid_after(moment(end))
    made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), False)
    if usage:
        made = made.add_extension(x509.KeyUsage(**{name: name in usage for name in USAGES}), True)
    if extended:
        made = made.add_extension(x509.ExtendedKeyUsage(extended), False)
    return Issuer(made.sign(by.key, hash_ or hashes.SHA256()), key)


class Card:
    """A key card with keys of its own."""

    def __init__(self, oin, signed_by, *between, issued=0, raw=None, uses=(1, 2, 3), label=None):
        self.signing, self.curve, self.sealing = (ed25519.Ed25519PrivateKey.generate(), x25519.X25519PrivateKey.generate(),
                                                  x25519.X25519PrivateKey.generate())
        publics = {1: c.raw_public(self.signing), 2: c.raw_public(self.curve), 3: c.raw_public(self.sealing)} | (raw or {})
        at = int(datetime.datetime.now().timestamp() * 1000)
        card = K.KeyCard(organisation=oin.encode(), issued_at=at + int(issued * DAY * 1000))
        for use in uses:
            card.keys.add(use=use, public_key=publics[use], not_before=at - DAY * 1000, not_after=at + DAY * 1000)
        body = card.SerializeToString()
        text = c.card_signed_text(body) if label is None else label + body
        self.signed = K.SignedKeyCard(card=body, certificates=[one.der for one in (signed_by, *between)])
        self.signed.signature = (signed_by.key.sign(text, ec.ECDSA(hashes.SHA256())) if isinstance(
            signed_by.key, ec.EllipticCurvePrivateKey) else signed_by.key.sign(text, c.padding.PKCS1v15(), hashes.SHA256()))
        self.hash = c.H(body)

    @property
    def data(self):
        return self.signed.SerializeToString()


def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


TLS = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
