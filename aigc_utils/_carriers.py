"""Where each file format carries a label: the formats behind `provenance`, a writer and a reader each.

A writer (source, target, iptc, entry, mark) writes a new file, with what else the source holds; what it would lose or
move it refuses in a ValueError. A reader (path, problems) returns (iptc properties, the entry AIGC as it is or None,
a function that says whether the mark is there, or None), and adds sentences on what it could not read.
"""

import fractions
import functools
import json
import re
import shutil
import struct
from pathlib import Path

from aigc_utils import files, marks

import numpy as np

SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}
_RDF, _IPTC, _AIGC = (f"{{{space}}}" for space in SPACES.values())
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP specification, part 3: the box uuid of MP4
_PARTS = ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed", "AIPromptInformation")
_TEXTS = {".md": "Markdown", ".markdown": "Markdown", ".json": "JSON"}
_STARTS = {  # regular expressions of a file's first bytes
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "WEBP": rb"RIFF....WEBP",
    "WAV": rb"RIFF....WAVE",
    "FLAC": rb"fLaC",
    "MP4": rb"....ftyp(?!heic|heix|hevc|mif1|msf1|avif|avis|crx )",  # those are pictures in boxes like MP4's
    "MP3": rb"\xff[\xe0-\xff]",
}
NOTICE = f"{marks.TEXT} (AI-generated)"


def kind_of(path):
    """Return the kind of a file, a key of KINDS, by its first bytes (texts: by its suffix); ValueError if none."""
    with open(path, "rb") as file:
        head = file.read(16)
        if is_tagged := head[:3] == b"ID3" and len(head) == 16:  # before a FLAC, too; its length has 7 bits a byte
            file.seek(10 + sum(part << 7 * place for place, part in enumerate(head[9:5:-1])))
            head = file.read(16)
    seen = next((kind for kind, start in _STARTS.items() if re.match(start, head, re.DOTALL)), is_tagged and "MP3")
    kind = _TEXTS.get(Path(path).suffix.lower(), seen)
    if not kind:
        raise ValueError(f"{path} is none of {', '.join(KINDS)}; convert it, or use a C2PA tool of that format.")
    return kind


# --- XMP: the packet of metadata that pictures, sounds and videos share -----------------------------------------------


def _packet(iptc, entry, old=None):
    """Return an XMP packet (bytes) with the label, behind what the packet ``old`` holds."""
    from xml.sax.saxutils import quoteattr

    values = {f"Iptc4xmpExt:{name}": text for name, text in iptc.items()} | ({"TC260:AIGC": entry} if entry else {})
    spaces = " ".join(f'xmlns:{name}="{space}"' for name, space in SPACES.items())
    inner = " ".join(f"{name}={quoteattr(text)}" for name, text in values.items())
    empty = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{SPACES["rdf"]}"></rdf:RDF></x:xmpmeta>'
    before, end, after = (_decoded(old) if old else empty).rpartition("</rdf:RDF>")
    if not end:
        raise ValueError("the file's XMP packet has no rdf:RDF to which a label could be added; remove the packet.")
    body = f'{before}<rdf:Description rdf:about="" {spaces} {inner}/>{end}{after}'
    body = re.sub(r"<\?xpacket.*?\?>", "", body, flags=re.DOTALL).strip()
    start = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{start}\n{body}\n<?xpacket end="w"?>'.encode()


def _decoded(packet):
    if isinstance(packet, bytes):
        wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
        packet = packet.decode("utf-16" if wide else "utf-8", "replace")
    return packet.strip("\0 \r\n\t\ufeff")


def _from_packet(packet, problems):
    """Return (iptc, entry) of an XMP packet, whose properties may be attributes or elements."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException, ElementTree

    if not packet:
        return {}, None
    try:
        root = ElementTree.fromstring(_decoded(packet))
    except (ParseError, DefusedXmlException) as error:
        problems.append(f"the XMP packet cannot be read: {error}.")
        return {}, None
    rdf, found = root if root.tag == f"{_RDF}RDF" else root.find(f"{_RDF}RDF"), {}
    for description in [] if rdf is None else rdf.findall(f"{_RDF}Description"):  # not those of ingredients inside
        found |= dict(description.attrib)
        for child in description:
            found[child.tag] = "".join(child.itertext()).strip() or child.get(f"{_RDF}resource", "")
    return {name: found[_IPTC + name] for name in _PARTS if found.get(_IPTC + name)}, found.get(f"{_AIGC}AIGC")


# --- pictures ---------------------------------------------------------------------------------------------------------


def _write_picture(source, target, iptc, entry, mark):
    from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin

    with Image.open(source) as opened:
        if getattr(opened, "n_frames", 1) > 1:
            raise ValueError(f"{source} has {opened.n_frames} frames; expected one picture. A video goes into an MP4.")
        if files.has_wide_colours(opened):
            raise ValueError(f"{source} has colours of 16 bits, of which Pillow keeps 8; save it with 8 bits a colour.")
        opened.load()  # a PNG's texts may follow its pixels
        picture = marks.draw(ImageOps.exif_transpose(opened)) if mark else opened
        kept = {name: picture.info[name] for name in ("icc_profile", "exif", "dpi") if name in picture.info}
        kept["xmp"] = _packet(iptc, entry, _xmp_of(picture))
        if opened.format == "PNG":
            kept["pnginfo"] = info = PngImagePlugin.PngInfo()
            for name, text in opened.text.items():
                if name != "XML:com.adobe.xmp" and not (mark and name.startswith("Raw profile")):
                    info.add_text(name, text)
            info.add_itxt("XML:com.adobe.xmp", kept.pop("xmp").decode())  # Pillow ignores xmp= here
        elif opened.format == "JPEG":
            sampling = max(JpegImagePlugin.get_sampling(opened), 0)
            kept |= {"qtables": opened.quantization, "subsampling": sampling}
        else:
            lossy = any(name == b"VP8 " for name, _ in _chunks(source.read_bytes()))
            kept |= {"lossless": not lossy, "quality": 95, "exact": True}
        picture.save(target, opened.format, **kept)


def _xmp_of(picture):
    return picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")


def _read_picture(path, problems):
    from PIL import Image

    with Image.open(path) as picture:
        picture.load()
        iptc, entry = _from_packet(_xmp_of(picture), problems)
        entry = picture.info.get("AIGC") if entry is None else entry
        comment = _comment(picture.getexif().get_ifd(0x8769).get(0x9286))
        entry = comment if entry is None and '"Label"' in comment else entry
        return iptc, entry, functools.partial(marks.is_seen, picture)


def _comment(found):
    """Return EXIF's UserComment as a text; eight bytes before it name its encoding."""
    if not isinstance(found, bytes):
        return found or ""
    known = {b"UNICODE\0": "utf-16", b"ASCII\0\0\0": "utf-8", b"\0" * 8: "utf-8"}
    return (found[8:] if found[:8] in known else found).decode(known.get(found[:8], "utf-8"), "replace")


# --- sounds -----------------------------------------------------------------------------------------------------------


def _write_sound(source, target, mark, places=()):
    """Write the sound with the rhythm before it, in the source's own format; without ``mark`` copy the file.

    ``places`` names what the file says of moments in the sound, which the rhythm would make wrong.
    """
    import soundfile

    if not mark:
        shutil.copyfile(source, target)
        return
    if places:
        raise ValueError(
            f"{source} holds places in the sound ({', '.join(places)}) that the mark moves; use mark=False."
        )
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


def _seeker(path):
    import soundfile

    return functools.partial(marks.is_heard, *soundfile.read(path, always_2d=True))


def _chunks(content):
    """Yield (name, data) of a RIFF file's chunks."""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        yield name, content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _riff(form, chunks):
    parts = [struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks]
    body = form + b"".join(parts)
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _write_wav(source, target, iptc, entry, mark):
    old = list(_chunks(source.read_bytes()))
    _write_sound(
        source, target, mark, [name.decode().strip() for name, _ in old if name in (b"cue ", b"smpl", b"bext")]
    )
    chunks = [part for part in _chunks(target.read_bytes()) if part[0] != b"_PMX"]
    names = {name for name, _ in chunks} | {b"fact", b"PEAK", b"_PMX"}
    chunks += [part for part in old if part[0] not in names]
    chunks += [
        (b"_PMX", _packet(iptc, None, dict(old).get(b"_PMX"))),
        (b"AIGC", entry.encode() + b" " * (len(entry) % 2)),
    ]
    target.write_bytes(_riff(b"WAVE", chunks))


def _read_wav(path, problems):
    found = dict(_chunks(path.read_bytes()))
    entry = found.get(b"AIGC")
    iptc, _ = _from_packet(found.get(b"_PMX"), problems)
    return iptc, entry and entry.rstrip(b"\0").decode("utf-8", "replace"), _seeker(path)


def _tags_of(path):
    """Return an MP3's ID3 tags, empty where it has none, and the XMP packet in them or None."""
    from mutagen import id3

    try:
        tags = id3.ID3(path)
    except id3.ID3NoHeaderError:
        return id3.ID3(), None
    return tags, next((frame.data for frame in tags.getall("PRIV") if frame.owner == "XMP"), None)


def _write_mp3(source, target, iptc, entry, mark):
    from mutagen import id3

    tags, old = _tags_of(source)
    _write_sound(source, target, mark, sorted({frame.FrameID for frame in tags.getall("CHAP") + tags.getall("SYLT")}))
    tags.setall("TXXX:AIGC", [id3.TXXX(encoding=3, desc="AIGC", text=[entry])])
    tags.delall("PRIV:XMP")
    tags.add(id3.PRIV(owner="XMP", data=_packet(iptc, None, old)))
    tags.save(target)


def _read_mp3(path, problems):
    tags, packet = _tags_of(path)
    entry = next((frame.text[0] for frame in tags.getall("TXXX") if frame.desc == "AIGC"), None)
    return _from_packet(packet, problems)[0], entry, _seeker(path)


def _write_flac(source, target, iptc, entry, mark):
    from mutagen.flac import FLAC

    old = FLAC(source)
    _write_sound(source, target, mark, ["cue sheet"] if old.cuesheet else [])
    new = FLAC(target)
    if new.tags is None:
        new.add_tags()
    new.tags[:] = [*(old.tags or []), ("AIGC", entry), *((name.upper(), text) for name, text in iptc.items())]
    new.clear_pictures()
    for picture in old.pictures:
        new.add_picture(picture)
    new.save()


def _read_flac(path, problems):
    from mutagen.flac import FLAC

    tags = FLAC(path).tags or {}
    iptc = {name: tags[name][0] for name in _PARTS if name in tags}
    return iptc, tags["AIGC"][0] if "AIGC" in tags else None, _seeker(path)


# --- videos -----------------------------------------------------------------------------------------------------------


def _write_mp4(source, target, iptc, entry, mark):
    import av

    old = _box(source)
    with av.open(str(source)) as given, av.open(str(target), "w", options={"movflags": "use_metadata_tags"}) as made:
        _refuse_what_would_be_lost(source, given, mark)
        brands = ("major_brand", "minor_version", "compatible_brands")
        made.metadata.update({**{k: v for k, v in given.metadata.items() if k not in brands}, "AIGC": entry})
        made.set_chapters(given.chapters())
        drawn = given.streams.video[0] if mark else None
        streams = {
            s.index: _encoder(made, s) if s is drawn else made.add_stream_from_template(s) for s in given.streams
        }
        for stream in given.streams:
            streams[stream.index].metadata.update(stream.metadata)
        for packet in given.demux():
            stream = streams[packet.stream.index]
            if packet.stream is drawn:
                for frame in packet.decode():
                    made.mux(stream.encode(_marked(source, frame, stream.pix_fmt)))
            elif packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
        made.mux(streams[drawn.index].encode() if drawn else [])
    with open(target, "ab") as file:  # after the rest, since boxes in the middle are referred to by their place
        packet = _XMP_BOX + _packet(iptc, None, old)
        file.write(struct.pack(">I4s", 8 + len(packet), b"uuid") + packet)


def _refuse_what_would_be_lost(source, given, mark):
    other = {stream.type for stream in given.streams} - {"video", "audio", "subtitle"}
    if other or any("attached_pic" in str(stream.disposition) for stream in given.streams):
        named = ", ".join(sorted(other)) or "a cover"
        raise ValueError(f"{source} holds what would be lost ({named}); expected pictures, sound and subtitles alone.")
    if mark and not given.streams.video:
        raise ValueError(f"{source} has no pictures to mark; expected a video, or mark=False.")


def _encoder(made, stream):
    encoder = made.add_stream("libx264", rate=stream.average_rate or fractions.Fraction(25), options={"crf": "18"})
    new, old = encoder.codec_context, stream.codec_context
    new.time_base, new.sample_aspect_ratio = stream.time_base, old.sample_aspect_ratio or 1  # else times are rounded
    new.width, new.height, is_even = old.width, old.height, old.width % 2 == old.height % 2 == 0
    new.pix_fmt = "yuv420p" if is_even else "yuv444p"  # libx264 halves colours only where the sides are even
    for name in ("colorspace", "color_primaries", "color_trc", "color_range"):
        setattr(new, name, getattr(old, name))
    return encoder


def _marked(source, frame, pix_fmt):
    import av

    if frame.rotation or frame.format.components[0].bits > 8:
        how = f"turned by {frame.rotation}°" if frame.rotation else "of more than 8 bits a colour"
        raise ValueError(
            f"{source} is a video {how}; expected an upright one of 8 bits. Convert it, or use mark=False."
        )
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


def _read_mp4(path, problems):
    import av

    with av.open(str(path)) as opened:
        entry = opened.metadata.get("AIGC")
        frame = next(opened.decode(video=0), None) if opened.streams.video else None
        seek = frame and functools.partial(marks.is_seen, frame.to_image())
    iptc, other = _from_packet(_box(path), problems)
    return iptc, entry or other, seek


# --- texts ------------------------------------------------------------------------------------------------------------

_FRONT = re.compile(r"(---[ \t]*\r?\n)(.*?)(^---[ \t]*\r?\n|^---[ \t]*\Z)", re.DOTALL | re.MULTILINE)


def _write_markdown(source, target, iptc, entry, mark):
    """Write the label at the end of the front matter, which is made where there is none, and the notice below it."""
    text = source.read_bytes().decode("utf-8-sig")
    end = "\r\n" if "\r\n" in text else "\n"
    front = _FRONT.match(text)
    first, matter, last, body = (
        (*front.groups(), text[front.end() :]) if front else (f"---{end}", "", f"---{end}", text)
    )
    lines = [f"AIGC: {entry}", *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in iptc.items())]
    label = "".join(line + end for line in lines)
    notice = f"> {NOTICE}{end}{end}" if mark else ""
    last = last if last.endswith("\n") else last + end
    target.write_bytes((first + matter + label + last + notice + body).encode())


def _read_markdown(path, problems):
    import yaml

    text = path.read_bytes().decode("utf-8-sig")
    front, found = _FRONT.match(text), None
    try:
        found = yaml.safe_load(front[2]) if front else None
    except yaml.YAMLError as error:
        problems.append(f"the front matter cannot be read: {str(error).splitlines()[0]}.")
    return *_named(found), lambda: NOTICE in text[front.end() if front else 0 :]


def _named(found):
    """Return (iptc, entry) of a mapping; what is no text is no property."""
    found = found if isinstance(found, dict) else {}
    iptc = {name: found[name] for name in _PARTS if isinstance(found.get(name), str)}
    return iptc, found.get("AIGC")


def _write_json(source, target, iptc, entry, mark):
    """Write the label as the object's first entries, and leave every other byte as it is."""
    text = source.read_bytes().decode("utf-8-sig")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"{source} holds no object at its top; a list has no place for a label: wrap it in an object.")
    added = ({"notice": NOTICE} if mark else {}) | iptc
    if clash := set(added) & set(found):
        raise ValueError(f"{source} has entries named {', '.join(sorted(clash))} already; rename them.")
    lines = [f'"AIGC": {entry}', *(f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in added.items())]
    place = text.index("{") + 1
    target.write_bytes(
        (text[:place] + "\n  " + ",\n  ".join(lines) + ",\n  " * bool(found) + text[place:].lstrip()).encode()
    )


def _read_json(path, problems):
    found = json.loads(path.read_bytes().decode("utf-8-sig"))
    return *_named(found), lambda: isinstance(found, dict) and found.get("notice") == NOTICE


KINDS = {  # writer, reader, and the media type under which C2PA puts a manifest into the file (None: beside it)
    "PNG": (_write_picture, _read_picture, "image/png"),
    "JPEG": (_write_picture, _read_picture, "image/jpeg"),
    "WEBP": (_write_picture, _read_picture, "image/webp"),
    "WAV": (_write_wav, _read_wav, "audio/wav"),
    "MP3": (_write_mp3, _read_mp3, "audio/mpeg"),
    "FLAC": (_write_flac, _read_flac, "audio/flac"),
    "MP4": (_write_mp4, _read_mp4, "video/mp4"),
    "Markdown": (_write_markdown, _read_markdown, None),
    "JSON": (_write_json, _read_json, None),
}
