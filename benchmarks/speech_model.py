"""The voice of 18_case_speech: phonemes to durations and pitch, both to a log-mel picture, that to sound by 08's way.

    AIGC_DATA_DIR=FOLDER python benchmarks/speech_model.py [pairs | train:MINUTES | ship | listen] …

`pairs` keeps what is learnt from in build/speech/pairs.npz (no held-out prompt is in it). `train:20` goes on training
for 20 minutes from the checkpoint in build/speech, up to STEPS steps in all; called again it goes on. `ship` writes
data/pretrained/speech_voice.npz (float16, averaged weights). `listen` adds what pocketsphinx says to speech.json.
Weights carry the recordings' licence, CC BY-SA 3.0: one person is imitated, for the use she recorded the prompts for.

After FastSpeech 2 (Ren et al. 2021) and FastPitch (Łańcucki 2021), with convolutions for attention. The painter is told
the pitch as what a source sounds like: the mel bands of a train of pulses. So the network learns the filter.
"""

import functools
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from aigc_utils import audio, files, models, runtime  # noqa: E402
from aigc_utils.audio import WORD  # noqa: E402
from benchmarks import common, speech, speech_sounds, speech_voice  # noqa: E402
from benchmarks.speech_voice import PHONES  # noqa: E402

import numpy as np  # noqa: E402

BUILD, SHIPPED = HERE.parent / "build" / "speech", HERE.parent / "data" / "pretrained"
FRAMES, MOST_PHONES = 288, 64  # of a training piece: 3.5 s
STEPS, BATCH = 12_000, 8
LOW, HIGH = 110.0, 350.0  # Hz: the pitch that is looked for
PITCHES = np.geomspace(LOW, HIGH, 64)
FLOOR, TOP = -70.0, -10.0  # decibels of a picture: those of 08_audio


# --- what is measured in a recording ---------------------------------------------------------------------------------


def pitch_of(sound, frames=WORD, least=0.6):
    """Return the pitch in Hz of each frame of a sound (n,), 0 where it has none.

    The lag at which a frame of 40 ms resembles itself most (normalised cross-correlation), where that is at least
    ``least``; of lags that are nearly as good the shortest; then a median of five frames.
    """
    size, count = round(0.04 * frames.rate), -(-len(sound) // frames.hop)
    shortest, longest = int(frames.rate / HIGH), int(frames.rate / LOW) + 1
    padded = np.pad(sound, [(size // 2, size // 2 + longest + frames.hop)])
    starts = np.arange(count) * frames.hop
    pieces = np.stack([padded[s : s + size + longest] for s in starts])
    head = pieces[:, :size] - pieces[:, :size].mean(1, keepdims=True)
    power = (head**2).sum(1) + 1e-5 * size
    alike = np.empty((count, longest - shortest + 1))
    for k, lag in enumerate(range(shortest, longest + 1)):
        other = pieces[:, lag : lag + size] - pieces[:, lag : lag + size].mean(1, keepdims=True)
        alike[:, k] = (head * other).sum(1) / np.sqrt(power * ((other**2).sum(1) + 1e-5 * size))
    good = alike >= 0.92 * alike.max(1, keepdims=True)
    peaks = (
        good & (alike >= np.pad(alike, [(0, 0), (1, 0)])[:, :-1]) & (alike >= np.pad(alike, [(0, 0), (0, 1)])[:, 1:])
    )
    place = np.where(peaks.any(1), peaks.argmax(1), alike.argmax(1))
    rows = np.arange(count)
    left, middle, right = (alike[rows, np.clip(place + d, 0, alike.shape[1] - 1)] for d in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(bend < -1e-9, 0.5 * (left - right) / np.where(bend < -1e-9, bend, 1), 0).clip(-0.5, 0.5)
    pitch = np.where(alike.max(1) >= least, frames.rate / (shortest + place + shift), 0.0)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(pitch, 2), 5)
    return np.where((around > 0).sum(1) >= 3, np.median(around, axis=1), 0.0)


@functools.cache
def source_table(frames=WORD):
    """Return the levels (len(PITCHES), bands), divided by 30, of pulse trains of each pitch; the loudest is 0."""
    rows = []
    for pitch in PITCHES:
        phase = np.cumsum(np.full(frames.rate // 2, pitch / frames.rate))
        train = signal_of_pulses(phase)
        rows.append(audio.log_mel(train, frames)[10:30].mean(0))
    rows = np.array(rows)
    return np.maximum((rows - rows.max(1, keepdims=True)) / 30, -1.0).astype(np.float32)


def signal_of_pulses(phase):
    """Return a train of pulses for a phase in turns (n,), its harmonics below half of the rate, as a sum of cosines."""
    step = np.gradient(phase).mean()
    return np.cos(2 * np.pi * phase * np.arange(1, int(0.5 / step) + 1)[:, None]).sum(0)


def source_of(pitch):
    """Return the source's levels (n, bands) for pitches (n,) in Hz; without pitch -0.5 in each band, a noise."""
    place = np.interp(np.log(np.maximum(pitch, LOW)), np.log(PITCHES), np.arange(len(PITCHES)))
    below = np.minimum(place.astype(int), len(PITCHES) - 2)
    part = (place - below)[:, None]
    table = source_table()
    voiced = (1 - part) * table[below] + part * table[below + 1]
    return np.where(pitch[:, None] > 0, voiced, -0.5).astype(np.float32)


def levelled(sound):
    """Return a sound whose heard part has root mean square 0.1, as the words of 08_audio."""
    first, last = speech_voice.heard_part(sound, speech_voice.RATE)
    return 0.1 * sound / np.sqrt(np.mean(sound[first:last] ** 2))


def log_levels(sound):
    """Return the decibels (n, bands) of a recording at RATE, within the range of 08's pictures."""
    return np.clip(audio.log_mel(levelled(sound)), FLOOR, TOP)


def frame_owner(timeline, count):
    """Return the number of the phone (count,) that sounds in the middle of each frame of WORD."""
    middle = (np.arange(count) + 0.5) * WORD.hop / speech_voice.STEP
    return np.searchsorted(timeline.start, middle, side="right") - 1


class Piece(NamedTuple):
    """Phones (MOST_PHONES,), -1 behind; frames of each; the owner (FRAMES,) of each frame, -1 behind; pitch; levels."""

    phone: np.ndarray
    frames: np.ndarray
    owner: np.ndarray
    pitch: np.ndarray
    levels: np.ndarray


def pieces_of(name, timeline):
    """Return the `Piece`s of a recording: from every phone that begins about 1.7 s after the last one's, 3.5 s each."""
    sound = levelled(speech_voice.recording(name, speech_voice.RATE))
    levels = np.clip(audio.log_mel(sound), FLOOR, TOP)
    levels, pitch = ((levels + 40) / 30).astype(np.float32), pitch_of(sound).astype(np.float32)
    owner, found, first = frame_owner(timeline, len(levels)), [], 0
    while first < len(timeline.phone):
        inside = np.flatnonzero(owner >= first)[:FRAMES]
        last = min(owner[inside[-1]], first + MOST_PHONES - 1) if len(inside) else first
        if len(inside) == FRAMES and last < len(timeline.phone) - 1:
            last -= 1  # a phone that is cut teaches a wrong length
        inside = inside[owner[inside] <= last]
        if not len(inside):
            break
        piece = Piece(
            np.full(MOST_PHONES, -1),
            np.zeros(MOST_PHONES, int),
            np.full(FRAMES, -1),
            *np.zeros((1, FRAMES)),
            np.zeros((FRAMES, WORD.bands), np.float32),
        )
        count = last - first + 1
        piece.phone[:count] = timeline.phone[first : last + 1]
        piece.frames[:count] = np.bincount(owner[inside] - first, minlength=count)[:count]
        piece.owner[: len(inside)] = owner[inside] - first
        piece.pitch[: len(inside)], piece.levels[: len(inside)] = pitch[inside], levels[inside]
        found.append(piece)
        if last == len(timeline.phone) - 1:
            break
        first = max(first + 1, owner[inside[len(inside) // 2]])
    return found


def pairs():
    """Keep the pieces of all training recordings in build/speech/pairs.npz."""
    aligned, (train, _) = speech_voice.load_timelines(speech.ALIGNED), speech_voice.split()
    pieces = [piece for name in train if name in aligned for piece in pieces_of(name, aligned[name])]
    columns = Piece(*map(np.stack, zip(*pieces, strict=True)))
    BUILD.mkdir(parents=True, exist_ok=True)
    with files.replacing(BUILD / "pairs.npz") as part, open(part, "wb") as file:
        np.savez_compressed(
            file,
            phone=columns.phone.astype(np.int8),
            frames=columns.frames.astype(np.int16),
            owner=columns.owner.astype(np.int8),
            pitch=columns.pitch.astype(np.float32),
            levels=columns.levels.astype(np.float16),
        )
    voiced = columns.pitch[columns.pitch > 0]
    found = {
        "pieces": len(pieces),
        "median pitch, Hz": round(float(np.median(voiced))),
        "voiced": common.rounded((columns.pitch > 0).sum() / (columns.owner >= 0).sum()),
    }
    return {"pairs": found}


# --- the network -----------------------------------------------------------------------------------------------------


def residual(x, width, size, dilation=1, dropout=0.1):
    """Return x plus what a convolution and a dense layer make of it, normalised (keras)."""
    layers = runtime.keras.layers
    inner = layers.Conv1D(width, size, padding="same", dilation_rate=dilation, activation="gelu")(
        layers.LayerNormalization()(x)
    )
    return layers.Add()([x, layers.Dense(width)(layers.Dropout(dropout)(inner))])


def reader(width=160, name="reader"):
    """Return the network from phones (batch, n), 0 = padding, to codes (batch, n, width) and a plan (batch, n, 3).

    The plan: log of the frames + 1, log of the pitch over 200 Hz, and how surely the phone has one (a logit).
    """
    keras = runtime.keras
    layers = keras.layers
    phones = layers.Input((None,), dtype="int32", name="phones")
    x = layers.Embedding(len(PHONES) + 1, width)(phones)
    for _ in range(3):
        x = residual(x, width, 5)
    y = layers.LayerNormalization()(keras.ops.stop_gradient(x))
    y = layers.Conv1D(128, 5, padding="same", activation="gelu")(y)
    y = layers.Conv1D(128, 5, padding="same", activation="gelu")(layers.Dropout(0.3)(y))
    return keras.Model(phones, [x, layers.Dense(3)(layers.Dropout(0.3)(y))], name=name)


def painter(width=160, code=160, name="painter"):
    """Return the network of frames to levels (batch, frames, bands): a phone's code, where in it, and the source."""
    keras = runtime.keras
    layers = keras.layers
    codes, place = layers.Input((None, code), name="codes"), layers.Input((None, 4), name="place")
    source = layers.Input((None, WORD.bands), name="source")
    x = layers.Dense(width)(layers.Concatenate()([codes, place, source]))
    for dilation in (1, 2, 4, 8, 1, 2):
        x = residual(x, width, 3, dilation)
    coarse = layers.Dense(WORD.bands, name="levels")(layers.LayerNormalization()(x))
    return keras.Model([codes, place, source], coarse, name=name)


def place_of(owner, frames, pitch):
    """Return where in its phone each frame is (…, 4): share done, share to come, log of the phone's frames, voiced."""
    frames, owner = np.asarray(frames), np.maximum(owner, 0)
    begins = np.cumsum(frames, axis=-1) - frames
    count = np.take_along_axis(frames, owner, -1)
    done = (np.arange(owner.shape[-1]) - np.take_along_axis(begins, owner, -1) + 0.5) / np.maximum(count, 1)
    done = done.clip(0, 1)
    return np.stack([done, 1 - done, np.log1p(count) - 2, pitch > 0], -1).astype(np.float32)


def targets_of(pieces):
    """Return what the reader has to predict, (n, MOST_PHONES, 3), and which of it counts, the same shape."""
    n, phones = pieces.phone.shape
    told, counts = np.zeros((n, phones, 3), np.float32), np.zeros((n, phones, 3), np.float32)
    for k in range(n):
        inside = pieces.owner[k] >= 0
        owner, pitch = pieces.owner[k][inside].astype(int), pieces.pitch[k][inside]
        frames = np.bincount(owner, minlength=phones)
        voiced = np.bincount(owner, pitch > 0, phones)
        height = np.bincount(owner, np.where(pitch > 0, np.log(np.maximum(pitch, 1) / 200), 0), phones)
        told[k] = np.stack([np.log1p(frames), height / np.maximum(voiced, 1), 2 * voiced > frames], -1)
        counts[k] = np.stack([frames > 0, voiced > 0, frames > 0], -1)
    return told, counts


def quick(network):
    """Return a network as one TensorFlow function for all lengths; called as it is, it takes longer."""
    tf = runtime.tf
    signature = [tf.TensorSpec(one.shape, one.dtype) for one in network.inputs]
    run = tf.function(lambda *given: network(list(given) if len(given) > 1 else given[0]), input_signature=signature)
    return lambda given: run(*(given if isinstance(given, list) else [given]))


class Voice:
    """Reader and painter, their training, and how they speak."""

    def __init__(self, seed=0):
        runtime.keras.utils.set_random_seed(seed)
        self.reader, self.painter = reader(), painter()
        self.read, self.paint = (quick(network) for network in (self.reader, self.painter))

    @property
    def weights(self):
        """Return all weights, as arrays, in their order."""
        return self.reader.get_weights() + self.painter.get_weights()

    def put(self, weights):
        """Set all weights."""
        first = len(self.reader.weights)
        self.reader.set_weights(weights[:first])
        self.painter.set_weights(weights[first:])
        return self

    def plan(self, phones, speed=1.0):
        """Return (frames, pitch) (n,) for numbers of phones (n,): pitch in Hz, 0 without."""
        _, told = self.read(np.array(phones, np.int32)[None] + 1)
        told = np.asarray(told)[0]
        frames = np.maximum(1, np.rint((np.exp(told[:, 0]) - 1) / speed)).astype(int)
        return np.minimum(frames, 60), np.where(told[:, 2] > 0, 200 * np.exp(told[:, 1].clip(-0.7, 0.6)), 0.0)

    def levels(self, phones, frames, pitch):
        """Return decibels (total frames, bands) for phones (n,), their frames (n,) and pitch (total frames,)."""
        codes, _ = self.read(np.array(phones, np.int32)[None] + 1)
        owner = np.repeat(np.arange(len(phones)), frames)
        place = place_of(owner[None], np.asarray(frames)[None], np.asarray(pitch)[None])
        made = self.paint([np.asarray(codes)[:, owner], place, source_of(np.asarray(pitch))[None]])
        return np.clip(30 * np.asarray(made)[0] - 40, FLOOR, TOP).astype(float)

    def speak(self, phones, speed=1.0):
        """Return the sound (n,) at 8,000 samples a second of names of phones; the pitch glides from phone to phone."""
        numbers = [PHONES.index(phone) for phone in phones]
        frames, pitch = self.plan(numbers, speed)
        return vocode(self.levels(numbers, frames, glide(frames, pitch)))


def glide(frames, pitch):
    """Return the pitch of each frame: between the middles of voiced phones on a straight line, 0 in the others."""
    middles, voiced = np.cumsum(frames) - frames / 2, pitch > 0
    if not voiced.any():
        return np.zeros(frames.sum())
    line = np.interp(np.arange(frames.sum()) + 0.5, middles[voiced], pitch[voiced])
    return np.where(np.repeat(voiced, frames), line, 0.0)


@functools.cache
def vocoder():
    """Return 08's shipped vocoder as a function of decibels (n, frames, bands) to those of all bins."""
    network = quick(models.load_pretrained("digit_vocoder"))
    return lambda levels: 30 * network(((levels + 40) / 30).astype(np.float32)).numpy().astype(float) - 40


def vocode(levels, iterations=20):
    """Return the sound (frames·hop,) of decibels (frames, bands), as in 08_audio."""
    magnitudes = audio.magnitudes(levels[None], updates=5, start=vocoder()(levels[None]))
    return audio.griffin_lim(magnitudes, len(levels) * WORD.hop, iterations, momentum=0.99)[0]


# --- training --------------------------------------------------------------------------------------------------------


def read_pairs():
    """Return the `Piece`s, stacked."""
    with np.load(BUILD / "pairs.npz") as stored:
        return Piece(*(stored[field] for field in Piece._fields))


def batches(pieces, seed):
    """Yield batches for `learner`, drawn at random, without end."""
    told, counts = targets_of(pieces)
    rng = np.random.default_rng(seed)
    while True:
        pick = rng.integers(len(pieces.phone), size=BATCH)
        owner, frames, pitch = pieces.owner[pick].astype(int), pieces.frames[pick].astype(int), pieces.pitch[pick]
        source = source_of(pitch.ravel()).reshape(BATCH, FRAMES, -1)
        yield (
            pieces.phone[pick].astype(np.int32) + 1,
            np.maximum(owner, 0).astype(np.int32),
            place_of(owner, frames, pitch),
            source,
            pieces.levels[pick].astype(np.float32),
            (owner >= 0).astype(np.float32),
            told[pick],
            counts[pick],
        )


def learner(voice, optimizer):
    """Return the function that learns from one batch and returns its losses: levels (as decibels), what is told."""
    tf = runtime.tf
    variables = voice.reader.trainable_variables + voice.painter.trainable_variables

    @tf.function
    def learn(phones, owner, place, source, levels, sounds, told, counts):
        with tf.GradientTape() as tape:
            codes, plan = voice.reader(phones, training=True)
            made = voice.painter([tf.gather(codes, owner, batch_dims=1), place, source], training=True)
            off = tf.abs(made - levels) + tf.square(made - levels)
            painted = tf.reduce_sum(off * sounds[..., None]) / tf.reduce_sum(sounds) / WORD.bands
            sure = tf.nn.sigmoid_cross_entropy_with_logits(told[..., 2:], plan[..., 2:])
            wrong = tf.concat(
                [tf.square(plan[..., :1] - told[..., :1]), 10 * tf.square(plan[..., 1:2] - told[..., 1:2]), sure], -1
            )
            planned = tf.reduce_sum(wrong * counts) / tf.reduce_sum(counts)
            loss = painted + 0.3 * planned
        optimizer.apply(tape.gradient(loss, variables), variables)
        decibels = 30 * tf.reduce_sum(tf.abs(made - levels) * sounds[..., None]) / tf.reduce_sum(sounds) / WORD.bands
        return decibels, planned

    return learn


def train(minutes):
    """Train for some minutes from the checkpoint, and keep it: weights, average, optimizer, step."""
    tf, keras = runtime.tf, runtime.keras
    voice, store = Voice(), BUILD / "checkpoint.npz"
    rate = keras.optimizers.schedules.CosineDecay(0.0, STEPS - 200, 0.02, warmup_target=1e-3, warmup_steps=200)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, beta_2=0.98, global_clipnorm=1.0)
    optimizer.build(voice.reader.trainable_variables + voice.painter.trainable_variables)
    average, step = voice.weights, 0
    if store.is_file():
        with np.load(store) as kept:
            step, count = int(kept["step"]), len(average)
            voice.put([kept[f"w{k}"] for k in range(count)])
            average = [kept[f"a{k}"] for k in range(count)]
            for k, variable in enumerate(optimizer.variables):
                variable.assign(kept[f"o{k}"])
    learn, lines, begin = learner(voice, optimizer), [], time.monotonic()
    for batch in batches(read_pairs(), seed=step):
        if step >= STEPS or time.monotonic() - begin > 60 * minutes:
            break
        decibels, planned = learn(*map(tf.constant, batch))
        step += 1
        if step % 10 == 0:  # an average over about the last tenth of the steps
            keep = max(0.0, 1 - 10 / (0.1 * step + 10))
            average = [keep * old + (1 - keep) * new for old, new in zip(average, voice.weights, strict=True)]
        if step % 25 == 0:
            lines.append([step, float(decibels), float(planned)])
            print(
                f"step {step}: {lines[-1][1]:.2f} dB, plan {lines[-1][2]:.3f}, {time.monotonic() - begin:.0f} s",
                flush=True,
            )
        if step % 500 == 0:
            keep_state(store, step, voice, average, optimizer)
    keep_state(store, step, voice, average, optimizer)
    return lines


def keep_state(store, step, voice, average, optimizer):
    """Write a checkpoint; the last complete one stays where writing fails."""
    arrays = {f"w{k}": w for k, w in enumerate(voice.weights)} | {f"a{k}": w for k, w in enumerate(average)}
    arrays |= {f"o{k}": v.numpy() for k, v in enumerate(optimizer.variables)}
    with files.replacing(store) as part, open(part, "wb") as file:
        np.savez(file, step=step, **arrays)


def ship():
    """Write the averaged weights as float16."""
    with np.load(BUILD / "checkpoint.npz") as kept:
        count = len(Voice().weights)
        np.savez_compressed(
            SHIPPED / "speech_voice.npz", **{f"w{k:03d}": kept[f"a{k}"].astype(np.float16) for k in range(count)}
        )
        step = int(kept["step"])
    return {"voice": {"steps": step, "bytes": (SHIPPED / "speech_voice.npz").stat().st_size}}


def load_voice(path=None):
    """Return the `Voice` that travels with the project, or the one of a checkpoint or of other weights."""
    with np.load(path or runtime.shipped("pretrained", "speech_voice.npz")) as kept:
        averaged = sorted((name for name in kept.files if name[0] == "a"), key=lambda name: int(name[1:]))
        return Voice().put([kept[name].astype(np.float32) for name in averaged or sorted(kept.files)])


def phones_of(text, say):
    """Return the names of the phones of a text, silence around it."""
    return ["SIL", *(phone for _, part in speech_sounds.phonemes(text, say) for phone in part), "SIL"]


def listen():
    """Let pocketsphinx judge the voice as it judged the others, and the real voice put through the vocoder alone."""
    voice, say, (_, names) = load_voice(), speech.rules(), speech_voice.split()
    begin, said = time.perf_counter(), speech_voice.texts()
    made = [voice.speak(phones_of(said[name], say)) for name in names]
    took = time.perf_counter() - begin
    again = [vocode(log_levels(speech_voice.recording(name, speech_voice.RATE))) for name in names]
    for system, sounds in {"voice": made, "real, vocoder": again}.items():
        spoken = [speech.heard(sound) for sound in sounds]
        speech.keep("pocketsphinx", system, speech.judged(names, None, speech.choose(names, spoken, say)))
        speech.keep("pocketsphinx", system, speech.judged(names, speech.write_down(spoken), None))
    return {"voice, times real time": round(sum(map(len, made)) / speech_voice.RATE / took, 1)}


if __name__ == "__main__":
    names = sys.argv[1:]
    if not names:
        sys.exit(__doc__)
    for name in names:
        stage, _, minutes = name.partition(":")
        if stage == "train":
            train(float(minutes or 20))
        else:
            common.add(speech.STORE, {"pairs": pairs, "ship": ship, "listen": listen}[stage]())
