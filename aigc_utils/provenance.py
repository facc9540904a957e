"""Labels on generated files, written and read back: a mark for people, metadata for machines, a signed manifest.

    provenance.label("cat.png", provenance.Label(system="kitten_generator", producer="my-shop"))

writes cat.ai.png: the mark (`marks`), IPTC's digital source type, the entry `AIGC` of China's GB 45438-2025 and, where
a `Certificate` is given, a C2PA manifest, which is the last, since it signs the rest. Where each format keeps them, and
from which source that is known, is said in 21_labels.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import re
import unicodedata
from pathlib import Path

from aigc_utils import _carriers, checks, files, marks

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = "trainedAlgorithmicMedia"  # IPTC's word for what a trained model made
_CODE = re.compile(r"[!#-\[\]-~]+")  # GB 45438 annex E, second-hand: printable ASCII without space, " and \


class LabelError(RuntimeError):
    """A label that was not written as asked. Nothing was kept; the message says why."""


@dataclasses.dataclass(frozen=True)
class Label:
    """What a label says. Texts of one line; ``system`` and ``producer`` may not be empty.

    ``system``, ``version`` and ``prompt`` are IPTC's AISystemUsed, AISystemVersionUsed, AIPromptInformation (2025.1).
    ``producer`` is GB 45438's ContentProducer, and ``number`` its ProduceID: printable ASCII without spaces, quotation
    marks and backslashes. Without ``number`` it is the beginning of the unlabelled file's SHA-256.
    ``source_type`` is a word of IPTC's vocabulary, such as "compositeWithTrainedAlgorithmicMedia".
    """

    system: str
    producer: str
    version: str = ""
    prompt: str = ""
    number: str = ""
    source_type: str = GENERATED

    def __post_init__(self):
        for name, text in dataclasses.asdict(self).items():
            broken = not isinstance(text, str) or {unicodedata.category(c) for c in text} & {"Cc", "Cs", "Zl", "Zp"}
            if broken or text.strip() != text:
                raise ValueError(f"received {name} = {text!r}; expected a text of one line.")
        for name in ("producer", "number"):
            if getattr(self, name) and not _CODE.fullmatch(getattr(self, name)):
                said = f"received {name} = {getattr(self, name)!r}"
                raise ValueError(f"{said}; expected printable ASCII without spaces, quotation marks or backslashes.")
        if not (self.system and self.producer and re.fullmatch("[A-Za-z]+", self.source_type)):
            raise ValueError(f"received {self}; expected a system, a producer, and a word of IPTC's vocabulary.")

    def iptc(self):
        """Return the label as properties of IPTC's extension schema, {name: text}, without empty ones."""
        texts = {"AISystemUsed": self.system, "AISystemVersionUsed": self.version, "AIPromptInformation": self.prompt}
        return {"DigitalSourceType": SOURCE_TYPES + self.source_type} | {
            key: text for key, text in texts.items() if text
        }

    def aigc(self):
        """Return the label as GB 45438's entry: seven texts; who produced it is also who propagates it first."""
        made = {"Label": "1", "ContentProducer": self.producer, "ProduceID": self.number, "ReservedCode1": ""}
        return made | {"ContentPropagator": self.producer, "PropagateID": self.number, "ReservedCode2": ""}


@dataclasses.dataclass(frozen=True)
class Certificate:
    """Who signs a manifest: PEM files of the certificate chain (the signer's first) and of its private key.

    ``algorithm`` is C2PA's name for the key's kind, such as "es256" or "ed25519"; ``time_authority`` the address of an
    RFC 3161 time-stamping service, without which the signature counts only until the certificate expires.
    """

    chain: Path
    key: Path
    algorithm: str = "es256"
    time_authority: str | None = None


@dataclasses.dataclass(frozen=True)
class Found:
    """What `read` found: IPTC's properties, GB 45438's entry, C2PA's manifest, the mark, and what could not be read.

    ``iptc`` is {name: text}, ``aigc`` {key: value} or None. ``c2pa`` is None or {"state", "source_type", "generator",
    "failures"}; "Valid" means unchanged since it was signed, and "Trusted" that the signer is known, too. ``mark`` is
    None where none could be, or should be, sought. ``problems`` are sentences.
    """

    kind: str
    iptc: dict
    aigc: dict | None
    c2pa: dict | None
    mark: bool | None
    problems: tuple


def label(path, says, to=None, mark=True, sign=None):
    """Write a labelled copy of a PNG, JPEG, WebP, WAV, MP3, FLAC, MP4, Markdown or JSON file; return its path.

    ``says`` is a `Label`; ``to`` another path than ``path``, by default NAME.ai.SUFFIX beside it; what lies there is
    replaced. ``mark=False`` leaves out what people see or hear; ``sign`` is a `Certificate` (extra ``c2pa``). Pictures
    and sounds are encoded again: JPEG with its own tables, MP3 and the pictures of a marked MP4 with some loss.

    All is read back before the copy takes its place; else LabelError, and nothing is written. ValueError: a file of
    another kind, one that has a label already or holds what would be lost, a picture too small for the mark.
    """
    path = Path(path).expanduser()
    to = path.with_name(f"{path.stem}.ai{path.suffix}") if to is None else Path(to).expanduser()
    if to.suffix.lower() != path.suffix.lower() or (to.exists() and to.samefile(path)):
        raise ValueError(f"received to={str(to)!r}; expected another path than {path}, with the same suffix.")
    before = read(path, mark=False)  # a mark alone may be a false alarm
    pem = sign and [Path(name).expanduser().read_bytes() for name in (sign.chain, sign.key)]
    if before.iptc.get("DigitalSourceType") or before.aigc or before.c2pa:
        raise ValueError(f"{path} has a label already ({summary(before)}); label the file from which it was made.")
    if damaged := [said for said in before.problems if "XMP" in said or "front matter" in said]:
        raise ValueError(f"{path} cannot be labelled: {damaged[0]} Mend or remove it.")
    says, entry = _numbered(says, path.read_bytes())
    write, _, media = _carriers.KINDS[before.kind]
    try:
        with files.replacing(to) as partial:
            write(path, partial, says.iptc(), entry, mark)
            manifest = _sign(partial, before.kind, says, sign, pem) if sign else None
            _believe(partial, before.kind, says, mark, manifest)
            if media is None:
                _write_sidecar(to, manifest)
    except Exception as error:
        if type(error) in (ValueError, LabelError):  # our own sentences, and not a library's kind of ValueError
            raise
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise LabelError(f"cannot write {to}: {said}. Nothing was kept. Choose a folder with free space.") from error
    return to


def _numbered(says, content):
    """Return a label with a number, by default the beginning of a content's SHA-256, and its entry AIGC."""
    says = dataclasses.replace(says, number=says.number or hashlib.sha256(content).hexdigest()[:32])
    return says, json.dumps(says.aigc(), separators=(",", ":"))


def labelled_png(pixels, says):
    """Return uint8 pixels (height, width, 3) as the bytes of a PNG with mark and label, in milliseconds.

    What `label` asks of a file is known here: the pixels had no label, and where the mark is. So all of it is compared
    bit by bit in what was written, where `label` has to look for a mark everywhere. Raises ValueError and LabelError.
    """
    from PIL import Image, PngImagePlugin

    picture = marks.draw(Image.fromarray(checks.images(pixels[None], channels=(3,))[0]))
    says, entry = _numbered(says, pixels.tobytes())
    info, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_itxt("XML:com.adobe.xmp", _carriers._packet(says.iptc(), entry).decode())
    picture.save(buffer, "PNG", pnginfo=info, compress_level=1)
    with Image.open(io.BytesIO(buffer.getvalue())) as written:
        written.load()
        iptc, found = _carriers._from_packet(written.info["XML:com.adobe.xmp"], [])
    if iptc != says.iptc() or json.loads(found) != says.aigc() or written.tobytes() != picture.tobytes():
        raise LabelError("the label of a picture could not be read back; nothing was kept.")
    return buffer.getvalue()


def _sidecar(path):
    return path.with_name(f"{path.name}.c2pa")


def _write_sidecar(path, manifest):
    """Write the manifest of a file that cannot hold it; an older one, of another file, is taken away."""
    if manifest is None:
        _sidecar(path).unlink(missing_ok=True)
        return
    with files.replacing(_sidecar(path)) as partial:
        partial.write_bytes(manifest)


def _believe(path, kind, says, mark, manifest):
    """Raise LabelError unless what was written can be read again."""
    found = read(path, manifest, mark)
    right = {"IPTC": found.iptc == says.iptc(), "AIGC": found.aigc == says.aigc(), "mark": found.mark or not mark}
    if manifest:
        signed = found.c2pa and found.c2pa["state"] in ("Valid", "Trusted")
        right["C2PA"] = signed and found.c2pa["source_type"] == says.iptc()["DigitalSourceType"]
    if not all(right.values()) or found.kind != kind:
        lost = ", ".join(name for name, is_right in right.items() if not is_right)
        raise LabelError(f"{lost} could not be read back ({summary(found)}; {'; '.join(found.problems)}).")


def read(path, manifest=None, mark=True):
    """Return the `Found` labels of anybody's file in one of `label`'s formats; a foreign file is only read.

    ``manifest`` holds the bytes of a C2PA manifest that lies elsewhere; by default NAME.SUFFIX.c2pa is looked for, and
    no network is asked. ``mark=False`` does not seek the mark, which takes most of the time. Raises ValueError for a
    damaged file and one of another kind, FileNotFoundError.
    """
    path = Path(path).expanduser()
    kind, problems = _carriers.kind_of(path), []
    try:
        iptc, entry, seek = _carriers.KINDS[kind][1](path, problems)
        seen = seek() if mark and seek else None
    except Exception as error:  # decoders of broken files raise what they like
        raise ValueError(f"{path} cannot be read as {kind}: {error or type(error).__name__}") from error
    entry, signed = _payload(entry, problems), _manifest(path, kind, manifest, problems)
    return Found(kind, iptc, entry, signed, seen, tuple(problems))


def summary(found):
    """Return one line that says which labels a `Found` has."""
    parts = {"IPTC": found.iptc.get("DigitalSourceType", "").rsplit("/", 1)[-1], "AIGC": found.aigc and "entry"}
    parts |= {"C2PA": found.c2pa and found.c2pa["state"], "mark": found.mark and "seen or heard"}
    return ", ".join(f"{name} {text}" for name, text in parts.items() if text) or "no label"


def _payload(entry, problems):
    """Return GB 45438's entry as {key: value}: bare, or wrapped in {"AIGC": …} as in the pictures' guide."""
    if entry is None:
        return None
    try:
        found = json.loads(entry) if isinstance(entry, str) else entry
        found = dict(found.get("AIGC", found))
        if str(found["Label"]) not in ("1", "2", "3"):
            problems.append(f"the entry AIGC has Label {found['Label']!r}; expected 1, 2 or 3.")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        shown = entry[:60] if isinstance(entry, str) else type(entry).__name__
        problems.append(f"the entry AIGC is {shown!r}; expected a JSON object with a Label.")
        return {"Label": None, "text": shown}
    return found


# --- C2PA ------------------------------------------------------------------------------------------------------------


def _context(c2pa):
    """Return settings that ask no network, and without thumbnails: by default 8×8 pixels get one of 1024×1024."""
    settings = {"builder": {"thumbnail": {"enabled": False}}, "verify": {"remote_manifest_fetch": False}}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _sign(path, kind, says, certificate, pem):
    """Sign a file where its format allows it; return the manifest's bytes."""
    try:
        import c2pa
    except ImportError as error:
        raise LabelError("signing needs c2pa-python: pip install 'aigc-utils[c2pa]', or leave out sign=.") from error
    made = {"action": "c2pa.created", "digitalSourceType": says.iptc()["DigitalSourceType"]}
    generator = {"name": says.system} | ({"version": says.version} if says.version else {})
    assertions = [{"label": "c2pa.actions", "data": {"actions": [made]}}]
    content = {"claim_generator_info": [generator], "title": says.number, "assertions": assertions}
    media, signed = _carriers.KINDS[kind][2], path.with_name(f"{path.stem}.signed{path.suffix}")
    try:
        info = c2pa.C2paSignerInfo(certificate.algorithm, *pem, certificate.time_authority)
        with contextlib.ExitStack() as opened:
            signer = opened.enter_context(c2pa.Signer.from_info(info))
            builder = opened.enter_context(c2pa.Builder(content, opened.enter_context(_context(c2pa))))
            source, target = opened.enter_context(open(path, "rb")), opened.enter_context(open(signed, "w+b"))
            if media is None:
                builder.set_no_embed()
            manifest = builder.sign(signer, media or "application/octet-stream", source, target)
        if media:
            os.replace(signed, path)  # a library that writes to its own source has destroyed it
    except c2pa.C2paError as error:
        raise LabelError(f"C2PA did not sign: {error}. See C2PA's profile for certificates.") from error
    finally:
        signed.unlink(missing_ok=True)
    return manifest


def _manifest(path, kind, manifest, problems):
    """Return what a C2PA manifest says, in the file, beside it or as given; None where there is none."""
    try:
        import c2pa
    except ImportError:
        problems.append("no C2PA manifest was looked for: pip install 'aigc-utils[c2pa]'.")
        return None
    media, beside = _carriers.KINDS[kind][2], {}
    if media is None:
        manifest = _sidecar(path).read_bytes() if manifest is None and _sidecar(path).exists() else manifest
        if manifest is None:
            return None
        media, beside = "application/octet-stream", {"manifest_data": manifest}
    try:
        with contextlib.ExitStack() as opened:
            file, context = opened.enter_context(open(path, "rb")), opened.enter_context(_context(c2pa))
            return _told(json.loads(opened.enter_context(c2pa.Reader(media, file, context=context, **beside)).json()))
    except c2pa.C2paError as error:
        if "ManifestNotFound" not in f"{type(error).__name__}{error}":
            problems.append(f"the C2PA manifest cannot be read: {error}.")
        return None


def _told(store):
    """Return the state, and of all manifests in it the source type; one that says "generated" counts before others."""
    manifests = store["manifests"].values()
    parts = [
        part["data"] for m in manifests for part in m.get("assertions", []) if "c2pa.actions" in part.get("label", "")
    ]
    actions = [action for data in parts for action in data.get("actions", [])]
    types = [action["digitalSourceType"] for action in actions if action.get("digitalSourceType")]
    generator = (store["manifests"][store["active_manifest"]].get("claim_generator_info") or [{}])[0]
    return {
        "state": store.get("validation_state"),
        "source_type": max(types, key=lambda name: name.lower().endswith(GENERATED.lower()), default=None),
        "generator": generator.get("name"),
        "failures": [status["code"] for status in store.get("validation_status", [])],
    }
