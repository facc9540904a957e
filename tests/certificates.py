"""A certificate chain made for a test, with what C2PA's profile asks of it: nobody trusts it."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TODAY = datetime.datetime.now(datetime.timezone.utc)


def issue(name, issuer=None, days=30, use=ExtendedKeyUsageOID.EMAIL_PROTECTION):
    """Return (certificate, key), signed by ``issuer`` = (certificate, key), or a root where there is none."""
    key, is_root = ec.generate_private_key(ec.SECP256R1()), issuer is None
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test")]
    )
    above, signing = (subject, key) if is_root else (issuer[0].subject, issuer[1])
    uses = {"key_encipherment": False, "data_encipherment": False, "key_agreement": False, "content_commitment": False}
    uses |= {"encipher_only": False, "decipher_only": False, "key_cert_sign": is_root, "crl_sign": is_root}
    builder = (
        x509.CertificateBuilder(above, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(TODAY - datetime.timedelta(days=1))
        .not_valid_after(TODAY + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=not is_root, **uses), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if not is_root:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    return builder.sign(signing, hashes.SHA256()), key


def write(folder, **options):
    """Write chain.pem and key.pem into a folder; return their paths."""
    root = issue("Root")
    leaf, key = issue("Signer", root, **options)
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths = folder / "chain.pem", folder / "key.pem"
    paths[0].write_bytes(b"".join(part.public_bytes(serialization.Encoding.PEM) for part in (leaf, root[0])))
    paths[1].write_bytes(key.private_bytes(*plain))
    return paths
