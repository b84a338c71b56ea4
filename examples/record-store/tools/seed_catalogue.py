"""Writes the shop's catalogue from a supplier's price list.

usage: seed_catalogue.py URL FILE

URL answers with a JSON list of records in the form of src/catalogue.json; a running shop's own
/records does. Nothing is written when a record is incomplete.
"""

import json
import pathlib
import sys

import requests

FIELDS = {"sku": str, "artist": str, "title": str, "price_cents": int}


def record(entry):
    """The entry with its known fields alone, or an error that names what is wrong with it."""
    if not isinstance(entry, dict):
        raise SystemExit(f"seed_catalogue: {entry} is no record")
    for field, kind in FIELDS.items():
        if not isinstance(entry.get(field), kind):
            raise SystemExit(f"seed_catalogue: `{field}` is missing or no {kind.__name__} in {entry}")
    return {field: entry[field] for field in FIELDS} | {"contains": entry.get("contains", [])}


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    url, file = sys.argv[1:]
    response = requests.get(url, timeout=10)
    response.raise_for_status()
    lines = [json.dumps(record(entry), ensure_ascii=False) for entry in response.json()]
    if not lines:
        raise SystemExit(f"seed_catalogue: {url} lists no record")
    pathlib.Path(file).write_text("[\n  " + ",\n  ".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
