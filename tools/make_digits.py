"""Write data/digits: 480 recordings of the Free Spoken Digit Dataset, sample for sample, in one FLAC and an index.

    AIGC_DATA_DIR=FOLDER python tools/make_digits.py      FOLDER/fsdd/recordings holds DIGIT_SPEAKER_TAKE.wav

Takes 0 to 4 of each digit and speaker are the data set's own test part; takes 5 to 7 begin its training part.
"""

import csv
import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from aigc_utils import audio, files, runtime  # noqa: E402
from tools import notebooks  # noqa: E402

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

TAKES = 8


def main(target=ROOT / "data" / "digits"):
    """Write both files."""
    rows, parts, start = [], [], 0
    for speaker, name in enumerate(audio.SPEAKERS):
        for digit in range(10):
            for take in range(TAKES):
                path = runtime.data_dir() / "fsdd" / "recordings" / f"{digit}_{name}_{take}.wav"
                samples, rate = soundfile.read(path, dtype="int16")
                if rate != audio.WORD.rate or samples.ndim != 1:
                    raise SystemExit(f"{path}: {rate} Hz, shape {samples.shape}; expected 8,000 Hz and one channel.")
                rows.append((digit, speaker, take, start, len(samples)))
                parts.append(samples)
                start += len(samples)
    target.mkdir(exist_ok=True)
    with files.replacing(target / "digits.flac") as part:
        soundfile.write(part, np.concatenate(parts), audio.WORD.rate, "PCM_16", format="FLAC", compression_level=1.0)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("digit", "speaker", "take", "start", "length"), *rows])
    notebooks.write(target / "index.csv", text.getvalue())


if __name__ == "__main__":
    main()
