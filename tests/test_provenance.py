"""Every label is written, and read back by this project and by another library; bad input gets a sentence."""

import base64
import fractions
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import wave
import zlib

from aigc_utils import _carriers, kittens, marks, plots, provenance
from benchmarks.certificates import certificate_chain

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen import id3
from mutagen.flac import FLAC
from PIL import Image, ImageCms, PngImagePlugin

SAYS = provenance.Label("kitten_generator", "aigc-notebooks", version="2", prompt="seed 5 – naïve")
URI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
NAMES = ("a.png", "a.jpg", "a.webp", "plain.webp", "a.wav", "a.mp3", "a.flac", "a.mp4", "a.md", "a.json")
RATE = 16000


def _picture():
    return Image.fromarray(plots.tile(np.repeat(np.repeat(kittens.sample(6, seed=3)[0], 3, 1), 3, 2), 3))


def _video(path, picture, sound=None):
    with av.open(str(path), "w") as made:
        stream = made.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = *picture.size, "yuv420p" if picture.width % 2 == 0 else "yuv444p"
        voice = made.add_stream("aac", rate=RATE, layout="mono") if sound is not None else None
        for _ in range(5):
            made.mux(stream.encode(av.VideoFrame.from_image(picture)))
        made.mux(stream.encode())
        if voice:
            frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "fltp", "mono")
            frame.sample_rate = RATE
            made.mux(voice.encode(frame))
            made.mux(voice.encode())


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A folder with one small unlabelled file of each kind."""
    folder = tmp_path_factory.mktemp("originals")
    picture, sound = _picture(), 0.1 * np.random.default_rng(0).normal(size=(RATE, 2))
    for name in NAMES[:3]:
        picture.save(folder / name, quality=90)
    picture.save(folder / "plain.webp", lossless=True)
    for name in NAMES[4:7]:
        soundfile.write(folder / name, sound, RATE)
    _video(folder / "a.mp4", picture.resize((192, 128)), sound[:, 0])
    (folder / "a.md").write_text("---\ntitle: Kittens\n---\n# Kittens\n", encoding="utf-8")
    (folder / "a.json").write_text('{"loss": 1.50e-3, "name": "Mädchen"}', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificate_chain(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def labelled(originals, certificate, tmp_path_factory):
    """The same files, labelled and signed."""
    folder = tmp_path_factory.mktemp("labelled")
    before = {name: (originals / name).read_bytes() for name in NAMES}
    made = {name: provenance.label(originals / name, SAYS, folder / name, sign=certificate) for name in NAMES}
    assert all((originals / name).read_bytes() == content for name, content in before.items())
    assert {path.name for path in folder.iterdir()} == {*NAMES, "a.md.c2pa", "a.json.c2pa"}
    return made


@pytest.mark.parametrize("name", NAMES)
def test_every_label_comes_back(labelled, originals, name):
    found = provenance.read(labelled[name])
    assert found.iptc == {
        "DigitalSourceType": URI,
        "AISystemUsed": "kitten_generator",
        "AISystemVersionUsed": "2",
        "AIPromptInformation": "seed 5 – naïve",
    }
    number = hashlib.sha256((originals / name).read_bytes()).hexdigest()[:32]
    assert found.aigc == {
        "Label": "1",
        "ContentProducer": "aigc-notebooks",
        "ProduceID": number,
        "ReservedCode1": "",
        "ContentPropagator": "aigc-notebooks",
        "PropagateID": number,
        "ReservedCode2": "",
    }
    assert found.mark is True and not found.problems
    assert found.c2pa["state"] == "Valid" and found.c2pa["source_type"] == URI
    assert found.c2pa["failures"] == ["signingCredential.untrusted"]  # nobody knows the test's root
    plain = provenance.read(originals / name)
    assert (plain.iptc, plain.aigc, plain.c2pa, plain.mark, plain.problems) == ({}, None, None, False, ())


def _exiftool(path):
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    done = subprocess.run(["exiftool", "-json", "-u", "-b", "-G1", str(path)], capture_output=True, check=True)
    return json.loads(done.stdout)[0]


PLACES = dict.fromkeys(NAMES[:4], "XMP-TC260:Aigc") | {"a.wav": "RIFF:Unknown_AIGC", "a.mp4": "Keys:AIGC"}


@pytest.mark.parametrize("name", NAMES[:8])
def test_exiftool_reads_the_labels(labelled, name):
    found, ours = _exiftool(labelled[name]), provenance.read(labelled[name])
    if name in PLACES:
        entry = found[PLACES[name]]
        entry = base64.b64decode(entry[7:]).decode() if entry.startswith("base64:") else entry
        assert json.loads(entry) == ours.aigc
    values = {key.rpartition(":")[2].lower(): str(value) for key, value in found.items()}
    assert {part: values[part.lower()] for part in ours.iptc} == ours.iptc


@pytest.mark.parametrize("name", ["a.mp3", "a.flac"])
def test_pyav_reads_the_entry_of_sounds(labelled, name):
    with av.open(str(labelled[name])) as opened:
        assert json.loads(opened.metadata["AIGC"]) == provenance.read(labelled[name]).aigc


def test_the_manifest_is_valid_in_another_process(labelled):
    code = """
import c2pa, pathlib, sys
for name in sys.argv[1:]:
    beside = pathlib.Path(f"{name}.c2pa")
    asked = ("application/octet-stream", open(name, "rb"), beside.read_bytes()) if beside.exists() else (name,)
    print(c2pa.Reader(*asked).get_validation_state())
"""
    paths = [str(labelled[name]) for name in NAMES]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Valid"] * len(NAMES)


def test_a_changed_byte_breaks_the_manifest(labelled, tmp_path):
    content = bytearray(labelled["a.wav"].read_bytes())
    content[content.index(b"data") + 1000] ^= 1
    (tmp_path / "a.wav").write_bytes(content)
    found = provenance.read(tmp_path / "a.wav")
    assert found.c2pa["state"] == "Invalid" and "assertion.dataHash.mismatch" in found.c2pa["failures"]


def test_the_content_stays(labelled, originals):
    before, after = (
        soundfile.read(folder / "a.wav", dtype="int16")[0] for folder in (originals, labelled["a.wav"].parent)
    )
    np.testing.assert_array_equal(after[-len(before) :], before)
    with Image.open(originals / "a.png") as old, Image.open(labelled["a.png"]) as new:
        np.testing.assert_array_equal(np.asarray(new)[:-40], np.asarray(old)[:-40])
    with av.open(str(labelled["a.mp4"])) as video:
        assert [stream.type for stream in video.streams] == ["video", "audio"]
        assert sum(1 for _ in video.decode(video=0)) == 5
    text = labelled["a.json"].read_text(encoding="utf-8")
    assert '"loss": 1.50e-3, "name": "Mädchen"}' in text and json.loads(text)["loss"] == 0.0015
    assert labelled["a.md"].read_text(encoding="utf-8").startswith("---\ntitle: Kittens\nAIGC: {")


FOREIGN = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" GPano:Heading="9"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">
<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:Description Iptc4xmpExt:DigitalSourceType="of an ingredient"/></rdf:li></rdf:Bag>
</xmpMM:Pantry></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_what_else_a_picture_holds_stays(tmp_path):
    info, profile = PngImagePlugin.PngInfo(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    info.add_itxt("Author", "Ø", lang="da")
    info.add_itxt("XML:com.adobe.xmp", FOREIGN)
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    _picture().save(tmp_path / "a.png", pnginfo=info, dpi=(200, 200))
    _picture().save(tmp_path / "a.jpg", xmp=FOREIGN.encode(), exif=exif, icc_profile=profile, quality=40)
    assert provenance.read(tmp_path / "a.png").iptc == {}
    with Image.open(provenance.label(tmp_path / "a.png", SAYS)) as labelled:
        assert labelled.text["Author"] == "Ø" and labelled.text["Author"].lang == "da"
        assert 'GPano:Heading="9"' in labelled.text["XML:com.adobe.xmp"] and round(labelled.info["dpi"][0]) == 200
    with Image.open(provenance.label(tmp_path / "a.jpg", SAYS)) as labelled, Image.open(tmp_path / "a.jpg") as old:
        assert b'GPano:Heading="9"' in labelled.info["xmp"] and labelled.getexif()[0x010F] == "a maker"
        assert labelled.info["icc_profile"] == profile and labelled.quantization == old.quantization


def test_what_else_a_sound_holds_stays(tmp_path):
    for name in ("a.wav", "a.flac", "a.mp3"):
        soundfile.write(tmp_path / name, np.zeros(RATE), RATE)
    chunks = [*_carriers._chunks((tmp_path / "a.wav").read_bytes()), (b"LIST", b"one "), (b"LIST", b"two ")]
    (tmp_path / "a.wav").write_bytes(_carriers._riff(b"WAVE", chunks))
    tags = FLAC(tmp_path / "a.flac")
    tags["artist"] = "Ø"
    tags.save()
    tags = id3.ID3()
    tags.add(id3.TPE1(encoding=3, text="Ø"))
    tags.save(tmp_path / "a.mp3")
    labelled = {path.suffix: provenance.label(path, SAYS) for path in sorted(tmp_path.glob("a.*"))}
    lists = [data for name, data in _carriers._chunks(labelled[".wav"].read_bytes()) if name == b"LIST"]
    assert lists == [b"one ", b"two "]
    assert FLAC(labelled[".flac"])["artist"] == ["Ø"] and id3.ID3(labelled[".mp3"])["TPE1"].text == ["Ø"]


def test_what_else_a_video_holds_stays(tmp_path):
    thousandths = fractions.Fraction(1, 1000)
    with av.open(str(tmp_path / "a.mp4"), "w") as made:
        stream = made.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        stream.codec_context.time_base = thousandths
        stream.codec_context.colorspace = 1  # BT.709
        stream.metadata["language"], made.metadata["title"] = "dan", "Killinger"
        for time in (0, 30, 47, 260):  # an uneven rate, as of a screen recording
            frame = av.VideoFrame.from_image(_picture().resize((192, 128)))
            frame.pts, frame.time_base = time, thousandths
            made.mux(stream.encode(frame))
        made.mux(stream.encode())
    seen = []
    for mark in (True, False):
        with av.open(str(provenance.label(tmp_path / "a.mp4", SAYS, tmp_path / f"{mark}.mp4", mark=mark))) as video:
            stream = video.streams.video[0]
            assert video.metadata["title"] == "Killinger" and stream.metadata["language"] == "dan"
            assert stream.codec_context.colorspace == 1
            seen.append([round(1000 * frame.time) for frame in video.decode(stream)])
    assert seen == [[0, 30, 47, 260]] * 2


def test_an_older_sidecar_is_taken_away(originals, certificate, tmp_path):
    provenance.label(originals / "a.md", SAYS, tmp_path / "a.md", sign=certificate)
    assert provenance.read(tmp_path / "a.md").c2pa["state"] == "Valid"
    provenance.label(originals / "a.md", SAYS, tmp_path / "a.md", mark=False)
    assert provenance.read(tmp_path / "a.md").c2pa is None and not (tmp_path / "a.md.c2pa").exists()


@pytest.mark.parametrize("text", ["# T\r\n\r\nx\r\n", "---\r\na: 1\r\n---\r\n# T\r\n", "----\n\na\n", "---\na: 1\n---"])
def test_markdown_keeps_its_lines(tmp_path, text):
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbf" + text.encode())
    labelled = provenance.label(tmp_path / "a.md", SAYS, mark=False).read_bytes().decode()
    assert all(line in labelled for line in text.splitlines(keepends=True)[1:])
    assert labelled.count("\r\n") in (0, labelled.count("\n")) and ("\r" in text) == ("\r" in labelled)


def test_a_turned_photo_has_the_mark_where_people_see_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    _picture().save(tmp_path / "a.jpg", exif=exif)
    with Image.open(provenance.label(tmp_path / "a.jpg", SAYS)) as labelled:
        assert labelled.size == _picture().size[::-1] and labelled.getexif().get(0x0112, 1) == 1
        rows, columns = marks.badge(marks.LEAST).shape
        assert np.asarray(labelled.convert("L"))[-rows:, -columns:].min() < 40


@pytest.mark.parametrize("mark", [True, False])
def test_marks_are_optional(tmp_path, mark):
    (tmp_path / "a.md").write_text("text\n", encoding="utf-8")
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    _picture().save(tmp_path / "a.png")
    for name in ("a.md", "a.wav", "a.png"):
        assert provenance.read(provenance.label(tmp_path / name, SAYS, mark=mark)).mark is mark


# --- anybody's files --------------------------------------------------------------------------------------------------

ENTRY = '{"Label":"2","ContentProducer":"x"}'


@pytest.mark.parametrize("entry", [ENTRY, f'{{"AIGC":{ENTRY}}}'])
@pytest.mark.parametrize("place", ["attribute", "element", "text", "comment", "wide comment"])
def test_entries_of_others_are_found(tmp_path, entry, place):
    path = tmp_path / ("a.jpg" if "comment" in place else "a.png")
    info, exif, escaped = PngImagePlugin.PngInfo(), Image.Exif(), entry.replace('"', "&quot;")
    spaces = " ".join(f'xmlns:{name}="{space}"' for name, space in _carriers.SPACES.items())
    inner = f"<TC260:AIGC>{escaped}</TC260:AIGC>" if place == "element" else ""
    attribute = f' TC260:AIGC="{escaped}"' if place == "attribute" else ""
    rdf = f"<rdf:RDF {spaces}><rdf:Description{attribute}>{inner}</rdf:Description></rdf:RDF>"
    packet = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{rdf}</x:xmpmeta>"
    if place in ("attribute", "element"):
        info.add_itxt("XML:com.adobe.xmp", packet)
    elif place == "text":
        info.add_text("AIGC", entry)
    else:
        wide = b"UNICODE\0" + entry.encode("utf-16")
        exif.get_ifd(0x8769)[0x9286] = wide if "wide" in place else b"ASCII\0\0\0" + entry.encode()
    _picture().save(path, **({"exif": exif} if "comment" in place else {"pnginfo": info}))
    found = provenance.read(path)
    assert found.aigc == {"Label": "2", "ContentProducer": "x"} and not found.problems


@pytest.mark.parametrize(
    ("entry", "problem"),
    [("{", "a JSON object"), ("[" * 10**5, "a JSON object"), ('{"Label": "7"}', "expected 1, 2 or 3")],
)
def test_a_broken_entry_is_told(tmp_path, entry, problem):
    info = PngImagePlugin.PngInfo()
    info.add_text("AIGC", entry)
    _picture().save(tmp_path / "a.png", pnginfo=info)
    found = provenance.read(tmp_path / "a.png")
    assert problem in found.problems[0] and found.aigc


def test_a_broken_packet_is_told_and_not_added_to(tmp_path):
    for number, packet in enumerate(("<broken", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')):
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet)
        _picture().save(tmp_path / f"{number}.png", pnginfo=info)
        assert "XMP packet cannot be read" in provenance.read(tmp_path / f"{number}.png").problems[0]
        with pytest.raises(ValueError, match=r"cannot be labelled: the XMP packet"):
            provenance.label(tmp_path / f"{number}.png", SAYS)


def test_front_matter_of_others(tmp_path):
    for text, entry, problem in (
        ("---\nAIGC: {Label: 1}\n---\n", {"Label": 1}, None),
        ("---\nAIGC: [1]\nDigitalSourceType: [1]\n---\n", {"Label": None, "text": "list"}, "expected a JSON object"),
        ("---\na: b: c\n---\n", None, "front matter cannot be read"),
    ):
        (tmp_path / "a.md").write_text(text, encoding="utf-8")
        found = provenance.read(tmp_path / "a.md")
        assert found.aigc == entry and found.iptc == {}
        assert problem in found.problems[0] if problem else not found.problems


def test_of_several_manifests_the_one_that_says_generated_counts():
    def manifest(*types):
        actions = [{"action": "c2pa.edited"}, *({"digitalSourceType": name} for name in types)]
        return {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}, {"label": "x", "data": {}}]}

    camera, made = (
        provenance.SOURCE_TYPES + name for name in ("digitalCapture", "compositeWithTrainedAlgorithmicMedia")
    )
    store = {"active_manifest": "b", "manifests": {"a": manifest(camera, made), "b": manifest(camera)}}
    assert provenance._told(store)["source_type"] == made
    assert provenance._told({"active_manifest": "b", "manifests": {"b": manifest()}})["source_type"] is None


def test_without_the_extra_nothing_is_signed_and_that_is_said(originals, certificate, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert "no C2PA manifest was looked for" in provenance.read(originals / "a.json").problems[0]
    with pytest.raises(provenance.LabelError, match=r"pip install 'aigc-utils\[c2pa\]'"):
        provenance.label(originals / "a.json", SAYS, tmp_path / "a.json", sign=certificate)
    assert provenance.read(provenance.label(originals / "a.json", SAYS, tmp_path / "a.json")).mark


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_broken_metadata_never_stop_the_reading_of_a_sound(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("noise") / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"\0" * 3200)
    chunks = [*_carriers._chunks(path.read_bytes()), (b"_PMX", noise), (b"AIGC", noise)]
    path.write_bytes(_carriers._riff(b"WAVE", chunks))
    found = provenance.read(path)
    assert found.aigc is not None and (found.problems or found.aigc["Label"])


def test_a_damaged_file_is_named(originals, tmp_path):
    for name in ("a.png", "a.flac", "a.mp4"):
        (tmp_path / name).write_bytes((originals / name).read_bytes()[:90])
        with pytest.raises(ValueError, match=rf"{name} cannot be read as {name[2:].upper()}"):
            provenance.read(tmp_path / name)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_a_second_label_is_refused(labelled):
    with pytest.raises(ValueError, match=r"has a label already .*trainedAlgorithmicMedia.*label the file from which"):
        provenance.label(labelled["a.png"], SAYS)


def test_a_picture_that_looks_marked_can_be_labelled(originals, tmp_path, monkeypatch):
    monkeypatch.setattr(marks, "is_seen", lambda picture: True)  # a false alarm, as of a mosaic of stained tissue
    assert provenance.read(provenance.label(originals / "a.png", SAYS, tmp_path / "a.png")).aigc


def test_the_mark_is_sought_once_in_what_was_written(originals, tmp_path, monkeypatch):
    sought, seen = [], marks.is_seen
    monkeypatch.setattr(marks, "is_seen", lambda picture: sought.append(picture) or seen(picture))
    for mark, times in ((False, 0), (True, 1)):
        labelled = provenance.label(originals / "a.png", SAYS, tmp_path / f"{mark}.png", mark=mark)
        assert len(sought) == times
        assert provenance.read(labelled, mark=False).mark is None and len(sought) == times


@pytest.mark.parametrize("name", NAMES)
def test_the_source_is_never_the_target(originals, name):
    before = (originals / name).read_bytes()
    for to in (originals / name, originals / "other.txt"):
        with pytest.raises(ValueError, match="expected another path"):
            provenance.label(originals / name, SAYS, to)
    assert (originals / name).read_bytes() == before


def test_a_failed_label_leaves_nothing(originals, certificate, tmp_path, monkeypatch):
    os.makedirs(tmp_path / "out")
    (tmp_path / "out" / "a.png").write_bytes(b"what was there before")
    bad = provenance.Certificate(certificate.chain, certificate.chain)
    with pytest.raises(provenance.LabelError, match="C2PA did not sign"):
        provenance.label(originals / "a.png", SAYS, tmp_path / "out" / "a.png", sign=bad)
    forgetful = (lambda source, target, *_: shutil.copy(source, target), *_carriers.KINDS["PNG"][1:])
    monkeypatch.setitem(_carriers.KINDS, "PNG", forgetful)
    with pytest.raises(provenance.LabelError, match="IPTC, AIGC, mark could not be read back"):
        provenance.label(originals / "a.png", SAYS, tmp_path / "out" / "a.png")
    with pytest.raises(provenance.LabelError, match="Choose a folder"):
        provenance.label(originals / "a.png", SAYS, tmp_path / "nowhere" / "a.png")
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"what was there before"]
    nobody = provenance.Certificate(tmp_path / "nobody.pem", certificate.key)
    with pytest.raises(FileNotFoundError, match=r"nobody\.pem"):
        provenance.label(originals / "a.png", SAYS, sign=nobody)


def test_an_expired_certificate_is_refused(originals, tmp_path):
    expired = certificate_chain(tmp_path, days=-0.5)
    with pytest.raises(provenance.LabelError, match="C2PA did not sign|C2PA could not be read back"):
        provenance.label(originals / "a.jpg", SAYS, tmp_path / "a.jpg", sign=expired)
    assert not (tmp_path / "a.jpg").exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"system": ""}, "expected a system"),
        ({"producer": "My Shop"}, "without spaces"),
        ({"producer": "商店"}, "printable ASCII"),
        ({"number": 'a"b'}, "quotation marks"),
        ({"prompt": "two\nlines"}, "one line"),
        ({"system": 5}, "one line"),
        ({"source_type": "http://x"}, "IPTC's vocabulary"),
    ],
)
def test_a_label_that_a_format_cannot_hold_is_refused(changes, problem):
    with pytest.raises(ValueError, match=problem):
        provenance.Label(**({"system": "s", "producer": "p"} | changes))


def _png_of_16_bits():
    """Return a PNG of 2×2 pixels with 16 bits a colour, which Pillow cannot write."""
    size = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    parts = [(b"IHDR", size), (b"IDAT", zlib.compress(b"\0" * 26)), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_unfit_files_are_refused(tmp_path):
    frames = [_picture(), _picture().rotate(90)]
    frames[0].save(tmp_path / "moving.png", save_all=True, append_images=frames[1:])
    Image.new("RGB", (32, 32)).save(tmp_path / "small.png")
    Image.new("I;16", (99, 99)).save(tmp_path / "deep.png")
    (tmp_path / "wide.png").write_bytes(_png_of_16_bits())
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "taken.json").write_text('{"notice": 1}', encoding="utf-8")
    (tmp_path / "latin.md").write_bytes(b"\xe4")
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    for name, problem in {
        "moving.png": "2 frames",
        "small.png": r"32×32 pixels; the mark takes \d+×\d+\. Enlarge",
        "deep.png": "mode I;16",
        "wide.png": "colours of 16 bits",
        "a.heic": "is none of PNG",
        "list.json": "no place for a label",
        "broken.json": "cannot be read as JSON",
        "taken.json": "entries named notice",
        "latin.md": "cannot be read as Markdown: 'utf-8' codec",
        "a.txt": "is none of PNG, JPEG",
    }.items():
        with pytest.raises(ValueError, match=problem):
            provenance.label(tmp_path / name, SAYS)
    assert not list(tmp_path.glob("*.ai.*"))
    with pytest.raises(FileNotFoundError):
        provenance.read(tmp_path / "nothing.png")


def test_places_in_a_sound_are_not_moved(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    content = (tmp_path / "a.wav").read_bytes()
    chunks = [*_carriers._chunks(content), (b"cue ", b"\0" * 28)]
    (tmp_path / "a.wav").write_bytes(_carriers._riff(b"WAVE", chunks))
    with pytest.raises(ValueError, match=r"places in the sound \(cue\).*mark=False"):
        provenance.label(tmp_path / "a.wav", SAYS)
    assert dict(_carriers._chunks(provenance.label(tmp_path / "a.wav", SAYS, mark=False).read_bytes()))[b"cue "]


def test_a_video_of_odd_sides_is_marked(tmp_path):
    _video(tmp_path / "a.mp4", _picture().resize((193, 127)))
    assert provenance.read(provenance.label(tmp_path / "a.mp4", SAYS)).mark


# --- the marks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (240, 1000), (1600, 900)])
def test_the_mark_has_a_twentieth_of_the_shorter_side(size):
    grey = np.asarray(marks.draw(Image.new("L", size, 200)))
    black = np.argmin(grey[-1])  # where the mark begins, in the last row
    rows = np.flatnonzero((grey[:, black:] < 100).all(axis=1))
    assert rows[0] == len(grey) - marks.badge(max(12, -(-min(size) // 20))).shape[0]
    bright = np.flatnonzero((grey[rows[0] :, black:] > 127).any(axis=1))
    assert bright[-1] - bright[0] + 1 >= max(12, 0.05 * min(size))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_pictures_of_every_usual_mode_are_marked(mode):
    assert marks.is_seen(marks.draw(_picture().convert(mode)))


@pytest.mark.parametrize("side", range(64, 1000, 187))
def test_the_mark_is_seen_at_every_size_and_only_where_it_is(side):
    picture = _picture().resize((side, round(1.3 * side)))
    assert (
        max(marks.likenesses(marks.draw(picture)))
        > marks.ALIKE + 0.05
        > marks.ALIKE - 0.05
        > max(marks.likenesses(picture))
    )


@pytest.mark.parametrize("colour", [0, 255])
def test_the_mark_is_never_transparent(colour):
    picture = _picture().convert("L")
    picture.info["transparency"] = colour
    assert np.asarray(marks.draw(picture).convert("RGBA"))[-20:, -40:, 3].min() == 255


def test_a_picture_of_one_row_is_looked_at_without_much_memory():
    assert not marks.is_seen(Image.new("L", (20_000, 1)))


def test_the_rhythm_has_the_lengths_of_a_and_i():
    sound = marks.rhythm(8000)
    on = np.abs(sound).reshape(-1, 80).max(axis=1) > 0.05  # blocks of 10 ms
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]])))
    assert (np.diff(edges) / 10).round().tolist() == [1, 1, 3, 3, 1, 1, 1]
    assert len(sound) == round(8000 * (11 * marks.UNIT + marks.PAUSE))


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), before=st.floats(0, 2), noise=st.floats(0.001, 0.05))
def test_the_rhythm_is_heard_anywhere_and_in_noise_only_if_it_is_there(rate, seed, before, noise):
    rng = np.random.default_rng(seed)
    silence = noise * rng.normal(size=round(before * rate))
    marked = np.concatenate([silence, marks.rhythm(rate), silence])
    assert marks.is_heard(marked + noise * rng.normal(size=len(marked)), rate)
    assert not marks.is_heard(rng.normal(size=3 * rate), rate)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(5), np.zeros(8000), np.zeros((8000, 2)), np.ones(8000)])
def test_silence_holds_no_rhythm(sound):
    assert not marks.is_heard(sound, 8000)


def test_a_plain_tone_and_other_letters_are_no_mark():
    tone = marks._tone(10, 8000)
    letters = [np.concatenate([marks._tone(n, 8000), np.zeros(800)]) for n in (3, 1, 1, 1, 3, 3, 1, 1)]
    other = [marks._tone(n, 8000) if n > 0 else np.zeros(-800 * n) for n in (3, -1, 1, -3, 1, -1, 1)]
    for sound in ([tone], letters, other):
        assert not marks.is_heard(np.concatenate(sound), 8000)
