#!/usr/bin/env bash
# Subject: a signed FLAC no longer begins like a FLAC
# Versions: c2pa-python 0.38.1, soundfile 0.14.0, cryptography 50.0.2
# Expected: the manifest lies in a metadata block of the FLAC (its type APPLICATION is made for such things), and the
#   file still begins with "fLaC"
# Seen: an ID3v2 tag that holds the manifest is put before the FLAC. The file begins with "ID3", the signature is valid,
#   and decoders that skip the tag still play it
# For our users: who tells files apart by their first bytes takes a signed FLAC for an MP3; `provenance` skips the tag
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
  c2pa-python==0.38.1 soundfile==0.14.0 cryptography==50.0.2 numpy==2.4.6
cd "$place"
"$place/venv/bin/python" - <<'PY'
import datetime

import c2pa
import numpy as np
import soundfile
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
keys, chain = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)], []
names = [x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, name)]) for name in ("Root", "Signer")]
for key, name, is_root in zip(keys, names, (True, False)):
    usage = x509.KeyUsage(not is_root, False, False, False, False, is_root, is_root, False, False)
    made = x509.CertificateBuilder(names[0], name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    made = made.add_extension(x509.BasicConstraints(is_root, None), True).add_extension(usage, True)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), False)
    if not is_root:
        made = made.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    chain.insert(0, made.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
key = keys[1].private_bytes(serialization.Encoding.PEM, *plain)

soundfile.write("plain.flac", np.zeros(8000), 8000)
kind = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
action = {"action": "c2pa.created", "digitalSourceType": kind}
manifest = {
    "claim_generator_info": [{"name": "finding", "version": "1"}],
    "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
}
signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", b"".join(chain), key, None))
with open("plain.flac", "rb") as source, open("signed.flac", "w+b") as target:
    c2pa.Builder(manifest).sign(signer, "audio/flac", source, target)
starts = [open(name, "rb").read(4) for name in ("plain.flac", "signed.flac")]
state = c2pa.Reader("signed.flac").get_validation_state()
print("first bytes:", starts, "| state:", state, "| samples:", len(soundfile.read("signed.flac")[0]))
assert starts == [b"fLaC", b"ID3\x04"] and state == "Valid"
PY
