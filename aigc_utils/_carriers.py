"""Where each file format carries a label: the formats behind `provenance`, a writer and a reader each.

A writer (source, target, iptc, entry, mark) writes a new file, with what else the source holds. A reader (path) returns
(iptc properties, the entry AIGC as it is or None, whether the mark is there or None).
"""

import fractions
import json
import struct
from pathlib import Path

from aigc_utils import marks

import numpy as np

SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}
_IPTC = f"{{{SPACES['Iptc4xmpExt']}}}"
_RDF = f"{{{SPACES['rdf']}}}"
_AIGC = f"{{{SPACES['TC260']}}}AIGC"
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP specification, part 3: the box uuid of MP4
_PARTS = ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed", "AIPromptInformation")
NOTICE = f"{marks.TEXT} (AI-generated)"


def kind_of(path):
    """Return the kind of a file, a key of WRITERS, by its first bytes (texts: by its suffix); ValueError if none."""
    with open(path, "rb") as file:
        head = file.read(16)
        if is_tagged := head[:3] == b"ID3" and len(head) == 16:  # before a FLAC, too; its length has 7 bits a byte
            file.seek(10 + sum(part << 7 * place for place, part in enumerate(head[9:5:-1])))
            head = file.read(16)
    suffixes = {".md": "Markdown", ".markdown": "Markdown", ".json": "JSON"}
    kinds = [(b"\x89PNG\r\n\x1a\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"fLaC", "FLAC")]
    found = [kind for start, kind in kinds if head.startswith(start)]
    found += [kind for form, kind in ((b"WEBP", "WEBP"), (b"WAVE", "WAV")) if head[:4] + head[8:12] == b"RIFF" + form]
    found += ["MP4"] * (head[4:8] == b"ftyp")
    found += ["MP3"] * (is_tagged or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"))
    found += [suffixes[Path(path).suffix.lower()]] if Path(path).suffix.lower() in suffixes else []
    if not found:
        raise ValueError(f"{path} is none of {', '.join(WRITERS)}; convert it, or use a C2PA tool of that format.")
    return found[0]


# --- XMP: the packet of metadata that pictures, sounds and videos share -----------------------------------------------


def _packet(iptc, entry, old=None):
    """Return an XMP packet (bytes) with the label beside what the packet ``old`` holds."""
    from xml.etree import ElementTree

    for prefix, space in SPACES.items():
        ElementTree.register_namespace(prefix, space)
    root = _parsed(old) if old else ElementTree.Element(f"{{{SPACES['x']}}}xmpmeta")
    rdf = root if root.tag == f"{_RDF}RDF" else root.find(f"{_RDF}RDF")
    rdf = ElementTree.SubElement(root, f"{_RDF}RDF") if rdf is None else rdf
    values = {f"{_IPTC}{name}": text for name, text in iptc.items()} | ({_AIGC: entry} if entry else {})
    ElementTree.SubElement(rdf, f"{_RDF}Description", {f"{_RDF}about": "", **values})
    body = ElementTree.tostring(root, encoding="unicode")
    start = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{start}\n{body}\n<?xpacket end="w"?>'.encode()


def _parsed(packet):
    from defusedxml import ElementTree

    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    return ElementTree.fromstring(text.strip("\0 \n\ufeff"))


def _from_packet(packet):
    """Return (iptc, entry) of an XMP packet, whose properties may be attributes or elements; ({}, None) if broken."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException

    if not packet:
        return {}, None
    try:
        root = _parsed(packet)
    except (ParseError, DefusedXmlException):
        return {}, None
    found = {}
    for description in root.iter(f"{_RDF}Description"):
        found |= dict(description.attrib)
        for child in description:
            found[child.tag] = "".join(child.itertext()).strip() or child.get(f"{_RDF}resource", "")
    return {name: found[_IPTC + name] for name in _PARTS if found.get(_IPTC + name)}, found.get(_AIGC)


# --- pictures ---------------------------------------------------------------------------------------------------------


def _write_picture(source, target, iptc, entry, mark):
    from PIL import Image, ImageOps, PngImagePlugin

    with Image.open(source) as opened:
        if getattr(opened, "n_frames", 1) > 1:
            raise ValueError(f"{source} has {opened.n_frames} frames; expected one picture. Label an MP4 of it.")
        picture = marks.draw(ImageOps.exif_transpose(opened)) if mark else opened
        kept = {name: picture.info[name] for name in ("icc_profile", "exif", "dpi") if name in picture.info}
        kept["xmp"] = _packet(iptc, entry, _xmp_of(opened))
        if opened.format == "PNG":
            kept["pnginfo"] = info = PngImagePlugin.PngInfo()
            for name, text in opened.text.items():
                if name != "XML:com.adobe.xmp":
                    info.add_itxt(name, str(text))
            info.add_itxt("XML:com.adobe.xmp", kept.pop("xmp").decode())  # Pillow ignores xmp= here
        elif opened.format == "JPEG":
            kept |= {"qtables": opened.quantization, "subsampling": _subsampling(opened)}
        else:
            kept |= {"lossless": not _is_lossy(source), "quality": 95, "exact": True}
        picture.save(target, opened.format, **kept)


def _subsampling(picture):
    from PIL import JpegImagePlugin

    return max(JpegImagePlugin.get_sampling(picture), 0)


def _is_lossy(path):
    return any(name == b"VP8 " for name, _ in _chunks(Path(path).read_bytes()))


def _xmp_of(picture):
    return picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")


def _read_picture(path):
    from PIL import Image

    with Image.open(path) as picture:
        picture.load()  # a PNG's texts may follow its pixels
        iptc, entry = _from_packet(_xmp_of(picture))
        comment = picture.getexif().get_ifd(0x8769).get(0x9286) if entry is None else None  # EXIF's UserComment
        comment = comment[8:].decode("utf-8", "replace") if isinstance(comment, bytes) else comment
        if entry is None:
            entry = picture.info.get("AIGC") or (comment if comment and '"Label"' in comment else None)
        return iptc, entry, marks.is_seen(picture)


# --- sounds -----------------------------------------------------------------------------------------------------------


def _write_marked_sound(source, target, mark):
    """Write the sound with the rhythm before it, in the source's own format; without ``mark`` copy the file."""
    import soundfile

    if not mark:
        target.write_bytes(source.read_bytes())
        return
    with soundfile.SoundFile(source) as opened:
        rate, exact = opened.samplerate, opened.subtype.startswith("PCM")
        sound = opened.read(dtype="int32" if exact else "float64", always_2d=True)
        options = {"samplerate": rate, "channels": opened.channels, "format": opened.format, "subtype": opened.subtype}
        if opened.format == "MP3":
            options |= {"bitrate_mode": "VARIABLE", "compression_level": 0.0}
    rhythm = marks.rhythm(rate)[:, None].repeat(sound.shape[1], axis=1)
    rhythm = np.round(rhythm * (2**31 - 1)).astype(np.int32) if exact else rhythm
    with soundfile.SoundFile(target, "w", **options) as written:
        written.write(np.concatenate([rhythm, sound]))


def _heard(path):
    import soundfile

    return marks.is_heard(*soundfile.read(path, always_2d=True))


def _chunks(content):
    """Yield (name, data) of a RIFF file's chunks."""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        yield name, content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _riff(form, chunks):
    body = form + b"".join(
        struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _write_wav(source, target, iptc, entry, mark):
    old = dict(_chunks(source.read_bytes()))
    if mark and (moved := {b"cue ", b"smpl", b"bext"} & set(old)):
        names = ", ".join(sorted(name.decode().strip() for name in moved))
        raise ValueError(f"{source} holds places in the sound ({names}) that the mark would move; pass mark=False.")
    _write_marked_sound(source, target, mark)
    chunks = [part for part in _chunks(target.read_bytes()) if part[0] != b"_PMX"]
    names = {name for name, _ in chunks} | {b"fact", b"PEAK", b"_PMX"}
    chunks += [(name, data) for name, data in old.items() if name not in names]
    chunks += [(b"_PMX", _packet(iptc, None, old.get(b"_PMX"))), (b"AIGC", entry.encode() + b" " * (len(entry) % 2))]
    target.write_bytes(_riff(b"WAVE", chunks))


def _read_wav(path):
    found = dict(_chunks(path.read_bytes()))
    entry = found.get(b"AIGC")
    iptc, _ = _from_packet(found.get(b"_PMX"))
    return iptc, entry and entry.rstrip(b"\0").decode("utf-8", "replace"), _heard(path)


def _write_mp3(source, target, iptc, entry, mark):
    from mutagen import id3

    _write_marked_sound(source, target, mark)
    try:
        tags = id3.ID3(source)
    except id3.ID3NoHeaderError:
        tags = id3.ID3()
    old = next((frame.data for frame in tags.getall("PRIV") if frame.owner == "XMP"), None)
    tags.setall("TXXX:AIGC", [id3.TXXX(encoding=3, desc="AIGC", text=[entry])])
    tags.delall("PRIV:XMP")
    tags.add(id3.PRIV(owner="XMP", data=_packet(iptc, None, old)))
    tags.save(target)


def _read_mp3(path):
    from mutagen import id3

    try:
        tags = id3.ID3(path)
    except id3.ID3NoHeaderError:
        return {}, None, _heard(path)
    packet = next((frame.data for frame in tags.getall("PRIV") if frame.owner == "XMP"), None)
    entry = next((frame.text[0] for frame in tags.getall("TXXX") if frame.desc == "AIGC"), None)
    return _from_packet(packet)[0], entry, _heard(path)


def _write_flac(source, target, iptc, entry, mark):
    from mutagen.flac import FLAC

    _write_marked_sound(source, target, mark)
    old, new = FLAC(source), FLAC(target)
    if new.tags is None:
        new.add_tags()
    new.tags[:] = [*(old.tags or []), ("AIGC", entry), *((name.upper(), text) for name, text in iptc.items())]
    new.clear_pictures()
    for picture in old.pictures:
        new.add_picture(picture)
    new.save()


def _read_flac(path):
    from mutagen.flac import FLAC

    tags = FLAC(path).tags or {}
    iptc = {name: tags[name][0] for name in _PARTS if name in tags}
    return iptc, tags["AIGC"][0] if "AIGC" in tags else None, _heard(path)


# --- videos -----------------------------------------------------------------------------------------------------------


def _write_mp4(source, target, iptc, entry, mark):
    import av

    old = _box(source)
    with av.open(str(source)) as given, av.open(str(target), "w", options={"movflags": "use_metadata_tags"}) as made:
        made.metadata.update({**given.metadata, "AIGC": entry})
        drawn = given.streams.video[0] if mark and given.streams.video else None
        if mark and drawn is None:
            raise ValueError(f"{source} has no pictures to mark; expected a video, or mark=False.")
        kept = [stream for stream in given.streams if stream.type != "data"]
        streams = {s.index: _encoder(made, s) if s is drawn else made.add_stream_from_template(s) for s in kept}
        for packet in given.demux(kept):
            stream = streams[packet.stream.index]
            if packet.stream is drawn:
                for frame in packet.decode():
                    made.mux(stream.encode(_marked(frame, stream.pix_fmt)))
            elif packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
        made.mux(streams[drawn.index].encode() if drawn else [])
    with open(target, "ab") as file:  # after the rest, since boxes in the middle are referred to by their place
        packet = _XMP_BOX + _packet(iptc, None, old)
        file.write(struct.pack(">I4s", 8 + len(packet), b"uuid") + packet)


def _encoder(made, stream):
    encoder = made.add_stream("libx264", rate=stream.average_rate or fractions.Fraction(25), options={"crf": "18"})
    encoder.width, encoder.height, encoder.time_base = stream.width, stream.height, stream.time_base
    is_even = stream.width % 2 == stream.height % 2 == 0
    encoder.pix_fmt = "yuv420p" if is_even else "yuv444p"  # libx264 halves colours only where the sides are even
    return encoder


def _marked(frame, pix_fmt):
    import av

    marked = av.VideoFrame.from_image(marks.draw(frame.to_image())).reformat(format=pix_fmt)
    marked.pts, marked.time_base = frame.pts, frame.time_base
    return marked


def _box(path):
    """Return the XMP packet of an MP4 file, or None."""
    with open(path, "rb") as file:
        while len(head := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", head)
            size = struct.unpack(">Q", file.read(8))[0] - 16 if size == 1 else size - 8  # 0: to the end of the file
            if name == b"uuid" and file.read(16) == _XMP_BOX:
                return file.read(size - 16 if size > 0 else -1)
            file.seek(size - 16 * (name == b"uuid"), 1) if size >= 0 else file.seek(0, 2)
    return None


def _read_mp4(path):
    import av

    with av.open(str(path)) as opened:
        entry = opened.metadata.get("AIGC")
        frame = next(opened.decode(video=0), None) if opened.streams.video else None
        seen = None if frame is None else marks.is_seen(frame.to_image())
    iptc, other = _from_packet(_box(path))
    return iptc, entry or other, seen


# --- texts ------------------------------------------------------------------------------------------------------------


def _text_of(path):
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8.") from error


def _front_matter(text):
    """Return (front matter without its fences, the rest) of a Markdown text; front matter is "" where there is none."""
    fence, _, rest = text.replace("\r\n", "\n").partition("\n")
    if fence.strip() == "---" and "\n---" in f"\n{rest}":
        matter, _, body = f"\n{rest}".partition("\n---")
        return matter.strip("\n"), body.partition("\n")[2]
    return "", text


def _write_markdown(source, target, iptc, entry, mark):
    matter, body = _front_matter(_text_of(source))
    lines = [f"{name}: {json.dumps(text, ensure_ascii=False)}" for name, text in iptc.items()]
    parts = [*([matter] if matter else []), f"AIGC: {entry}", *lines]
    notice = f"> {NOTICE}\n\n" if mark else ""
    target.write_bytes("\n".join(["---", *parts, "---", notice + body]).encode())


def _read_markdown(path):
    import yaml

    matter, body = _front_matter(_text_of(path))
    try:
        found = yaml.safe_load(matter) if matter else {}
    except yaml.YAMLError:
        found = {}
    found = found if isinstance(found, dict) else {}
    return {name: str(found[name]) for name in _PARTS if name in found}, found.get("AIGC"), NOTICE in body


def _parsed_json(path):
    text = _text_of(path)
    try:
        return text, json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error


def _write_json(source, target, iptc, entry, mark):
    """Write the label as the object's first entries, and leave every other byte as it is."""
    text, found = _parsed_json(source)
    if not isinstance(found, dict):
        raise ValueError(f"{source} holds no object at its top; a list has no place for a label: wrap it in an object.")
    added = {"notice": NOTICE} if mark else {}
    if clash := {*added, *iptc} & set(found):
        raise ValueError(f"{source} has entries named {', '.join(sorted(clash))} already; rename them.")
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in {**added, **iptc}.items()]
    place = text.index("{") + 1
    new = ",\n  ".join([f'"AIGC": {entry}', *lines])
    target.write_bytes((text[:place] + "\n  " + new + ("," if found else "\n") + text[place:]).encode())


def _read_json(path):
    _, found = _parsed_json(path)
    found = found if isinstance(found, dict) else {}
    iptc = {name: str(found[name]) for name in _PARTS if name in found}
    return iptc, found.get("AIGC"), found.get("notice") == NOTICE


WRITERS = {"PNG": _write_picture, "JPEG": _write_picture, "WEBP": _write_picture, "WAV": _write_wav, "MP3": _write_mp3}
WRITERS |= {"FLAC": _write_flac, "MP4": _write_mp4, "Markdown": _write_markdown, "JSON": _write_json}
READERS = {"PNG": _read_picture, "JPEG": _read_picture, "WEBP": _read_picture, "WAV": _read_wav, "MP3": _read_mp3}
READERS |= {"FLAC": _read_flac, "MP4": _read_mp4, "Markdown": _read_markdown, "JSON": _read_json}
