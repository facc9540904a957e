"""A certificate chain that nobody trusts, to sign with in notebook 21, which shows this function, and in the tests."""

from aigc_utils import provenance


def certificate_chain(folder, days=30):
    """Write a root, a signer's certificate that it issued, and the signer's key; return a `provenance.Certificate`.

    Both certificates are valid from yesterday on, until ``days`` from now.
    """
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now, pem = datetime.datetime.now(datetime.timezone.utc), serialization.Encoding.PEM
    first, last = now - datetime.timedelta(days=1), now + datetime.timedelta(days=days)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)]) for name in ("Our root", "Our studio")]
    issuer, chain = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), []
    for k, is_root in enumerate((True, False)):  # the root may issue certificates, the signer may sign content
        usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment"), False)
        usage |= dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False)
        usage |= {"digital_signature": not is_root, "key_cert_sign": is_root, "crl_sign": is_root}
        made = x509.CertificateBuilder(names[0], names[k], keys[k].public_key(), x509.random_serial_number())
        made = made.not_valid_before(first).not_valid_after(last)
        made = made.add_extension(x509.BasicConstraints(is_root, None), critical=True)
        made = made.add_extension(x509.KeyUsage(**usage), critical=True).add_extension(issuer, critical=False)
        if not is_root:  # C2PA asks for one of a few uses; that for e-mail is the usual one in tests
            use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            made = made.add_extension(use, critical=False)
        chain.insert(0, made.sign(keys[0], hashes.SHA256()))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "chain.pem").write_bytes(b"".join(one.public_bytes(pem) for one in chain))
    (folder / "key.pem").write_bytes(keys[1].private_bytes(pem, *plain))
    return provenance.Certificate(folder / "chain.pem", folder / "key.pem")
