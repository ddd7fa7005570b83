"""The model that ships, and the messages that it was learned from."""

from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path

import msgspec
import pytest

from chat_intents import train as training_command
from chat_intents.application.commands.classify_intent import LEAST_KEPT
from chat_intents.domain.intent import Intent
from chat_intents.domain.normalised import normalised
from chat_intents.infrastructure.ngrams.confusion_picture import confusion_picture
from chat_intents.infrastructure.ngrams.evaluation import accuracy_table, intent_table, measure
from chat_intents.infrastructure.ngrams.labelled_messages import (
    LabelledMessage,
    letter_triples,
    read_labelled,
    split,
)
from chat_intents.infrastructure.ngrams.model import LEAST_PROBABLE, MODEL_FILE, ModelFile, NgramModel
from chat_intents.infrastructure.ngrams.training import labelled_digest, train

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "classify-intents.md"
PICTURE = ROOT / "docs" / "how-to" / "classify-intents-confusion.svg"


@pytest.fixture(scope="module")
def model() -> NgramModel:
    return NgramModel.load()


@pytest.fixture(scope="module")
def labelled() -> list[LabelledMessage]:
    return read_labelled()


def test_there_are_many_different_messages_of_each_intent_in_each_language(labelled: list[LabelledMessage]) -> None:
    """Sixty or more in each language; none comes twice."""
    counts = Counter((message.intent, message.language) for message in labelled)
    assert {(intent, language) for intent in Intent for language in ("ko", "en")} == set(counts)
    assert min(counts.values()) >= 60
    assert len({normalised(message.text) for message in labelled}) == len(labelled)


def test_nothing_that_is_held_out_is_nearly_learned(labelled: list[LabelledMessage]) -> None:
    """No held-out message has half of its letters in common with one that is learned from."""
    parts = split(labelled)
    assert len(parts.training) + len(parts.held_out) == len(labelled)
    assert min(Counter((message.intent, message.language) for message in parts.held_out).values()) >= 20
    known = [letter_triples(message.text) for message in parts.training]
    places = defaultdict[str, list[int]](list)
    for place, triples in enumerate(known):
        for triple in triples:
            places[triple].append(place)
    for message in parts.held_out:
        triples = letter_triples(message.text)
        common = Counter(chain.from_iterable(places[triple] for triple in triples if triple in places))
        nearest = max((count / len(triples | known[place]) for place, count in common.items()), default=0)
        assert nearest < 0.5, message.text


def test_the_split_does_not_depend_on_the_order(labelled: list[LabelledMessage]) -> None:
    """It is that of the messages, not of the file."""
    there, back = split(labelled), split(labelled[::-1])
    assert set(there.held_out) == set(back.held_out)


def test_the_model_that_ships_is_that_of_the_messages(model: NgramModel) -> None:
    """Whoever changes the messages learns it again: ``python -m chat_intents.train``."""
    assert model.labelled == labelled_digest()


def test_it_tells_nine_of_ten_held_out_messages_right_in_each_language(
    model: NgramModel, labelled: list[LabelledMessage]
) -> None:
    """And what it is sure enough of to be kept in the cache, nineteen of twenty."""
    measured = measure(model, split(labelled).held_out, sure=LEAST_KEPT)
    assert min(measured.accuracy("ko"), measured.accuracy("en")) >= 0.9
    for language in ("ko", "en"):
        assert measured.sure_and_right[language] / measured.sure[language] >= 0.95


def test_the_documentation_shows_what_is_measured(model: NgramModel, labelled: list[LabelledMessage]) -> None:
    """The tables and the picture are those that the command makes of this model."""
    measured = measure(model, split(labelled).held_out, sure=LEAST_KEPT)
    page = PAGE.read_text(encoding="utf-8")
    assert accuracy_table(measured) in page
    assert intent_table(measured) in page
    assert confusion_picture(measured.confusion) == PICTURE.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["qzx vvk jjq", "\u16a0\u16a2\u16a6", "!!!", "0"])
def test_what_it_does_not_know_is_general(model: NgramModel, text: str) -> None:
    """And not sure, so that it is not kept."""
    told = model.classify(text)
    assert told.intent is Intent.GENERAL
    assert told.confidence < LEAST_KEPT


def test_an_improbable_intent_is_no_answer(model: NgramModel) -> None:
    """General then stands for not knowing."""
    texts = [message.text[:3] for message in read_labelled()]
    unsure = [text for text in texts if max(model.probabilities(text).values()) < LEAST_PROBABLE]
    assert unsure
    assert {model.classify(text).intent for text in unsure} == {Intent.GENERAL}


def test_probabilities_sum_to_one(model: NgramModel) -> None:
    """Each intent has one."""
    probabilities = model.probabilities("where can I drop batteries?")
    assert set(probabilities) == set(Intent)
    assert sum(probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("said", "follow_up", "intent"),
    [
        ("How do I recycle a milk carton?", "what about the cap?", Intent.WASTE),
        ("Will it rain in Busan today?", "what about tomorrow?", Intent.WEATHER),
        ("고철 시세 알려줘", "그럼 구리는?", Intent.RECYCLABLE_PRICE),
        ("의류수거함 어디 있어?", "그럼 건전지는?", Intent.COLLECTION_POINT),
    ],
)
def test_a_follow_up_is_understood_from_its_context(
    model: NgramModel, said: str, follow_up: str, intent: Intent
) -> None:
    """By the model that ships."""
    assert model.classify(follow_up, said).intent is intent


def test_equal_messages_give_an_equal_model(labelled: list[LabelledMessage]) -> None:
    """Nothing in learning is left to chance."""
    some = labelled[::60]
    assert train(some, "0" * 64) == train(some, "0" * 64)


def test_the_command_writes_a_model_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a labelled file that is given."""
    file = tmp_path / "labelled.csv"
    rows = [
        f"{intent},{language},{intent} {'이것' if language == 'ko' else 'this'} {word}\n"
        for intent in Intent
        for language in ("ko", "en")
        for word in ("one thing", "quite another", "whatever else", "many dogs", "five hats", "red moon")
    ]
    file.write_text("intent,language,message\n" + "".join(rows), encoding="utf-8")
    model, picture = tmp_path / "model.json", tmp_path / "confusion.svg"
    training_command.main(["--labelled", str(file), "--model", str(model), "--picture", str(picture)])
    assert NgramModel.load(model).labelled == labelled_digest(file)
    assert picture.read_text(encoding="utf-8").startswith("<svg ")
    assert "| Korean: " in capsys.readouterr().out


def test_another_file_is_another_version(tmp_path: Path) -> None:
    """Of which the cache knows nothing."""
    content = msgspec.json.decode(MODEL_FILE.read_bytes(), type=ModelFile)
    other = tmp_path / "model.json"
    other.write_bytes(msgspec.json.encode(msgspec.structs.replace(content, scale=content.scale * 1.001)))
    assert NgramModel.load(other).version != NgramModel.load().version


@pytest.mark.parametrize("change", ["format", "intents", "weights", "extra", "cut"])
def test_what_is_no_model_is_refused(tmp_path: Path, change: str) -> None:
    """Before anything is classified with it."""
    content = msgspec.json.decode(MODEL_FILE.read_bytes())
    match change:
        case "format":
            content["format"] = 2
        case "intents":
            content["intents"][0] = content["intents"][1]
        case "weights":
            content["weights"] = content["weights"][:-8]
        case "extra":
            content["run"] = "me"
        case _:
            pass
    data = msgspec.json.encode(content)
    file = tmp_path / "model.json"
    file.write_bytes(data[:-100] if change == "cut" else data)
    with pytest.raises(ValueError, match="model"):
        NgramModel.load(file)
