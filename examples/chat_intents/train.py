"""Learn the model from the labelled messages, and report how it does: ``python -m chat_intents.train``."""

import argparse
import sys
from pathlib import Path

import msgspec

from chat_intents.application.commands.classify_intent import LEAST_KEPT
from chat_intents.infrastructure.ngrams.confusion_picture import confusion_picture
from chat_intents.infrastructure.ngrams.evaluation import accuracy_table, intent_table, measure
from chat_intents.infrastructure.ngrams.labelled_messages import LABELLED_MESSAGES, read_labelled, split
from chat_intents.infrastructure.ngrams.model import MODEL_FILE, NgramModel
from chat_intents.infrastructure.ngrams.training import labelled_digest, train


def main(arguments: list[str] | None = None) -> None:
    """Write a model, measure it with the held-out messages, and draw what was confused.

    Args:
        arguments: of the command line; None takes the program's own.
    """
    parser = argparse.ArgumentParser(prog="python -m chat_intents.train", description=__doc__)
    parser.add_argument("--labelled", type=Path, default=LABELLED_MESSAGES, help="a CSV file: intent,language,message")
    parser.add_argument("--model", type=Path, default=MODEL_FILE, help="where the model is written")
    parser.add_argument("--picture", type=Path, help="where the confusion matrix is written, as SVG")
    parser.add_argument("--report-only", action="store_true", help="measure the model that is there")
    chosen = parser.parse_args(arguments)
    say = sys.stdout.write
    parts = split(read_labelled(chosen.labelled))
    say(f"{len(parts.training)} messages to learn from, {len(parts.held_out)} held out\n")
    if not chosen.report_only:
        content = train(parts.training, labelled_digest(chosen.labelled))
        chosen.model.write_bytes(msgspec.json.encode(content))
    model = NgramModel.load(chosen.model)
    measured = measure(model, parts.held_out, sure=LEAST_KEPT)
    say(f"model {model.version}, {chosen.model.stat().st_size:,} bytes\n\n")
    say(f"{accuracy_table(measured)}\n\n{intent_table(measured)}\n")
    if chosen.picture is not None:
        chosen.picture.write_text(confusion_picture(measured.confusion), encoding="utf-8")


if __name__ == "__main__":
    main()
