"""Writes what tensorflow_text's ICU folds each code point to. Usage: python scripts/make-case-folding.py"""

import json
import pathlib

import tensorflow as tf
import tensorflow_text as text

codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
folded = text.case_fold_utf8(tf.constant([chr(code).encode() for code in codes])).numpy()
runs = []
previous = None
for code, to in zip(codes, folded):
    if to.decode() == chr(code):
        continue
    if previous != code - 1:
        runs.append([code, []])
    runs[-1][1].append(to.decode())
    previous = code
path = pathlib.Path(__file__).parent.parent / "src/host/text/case-folding.generated.json"
path.write_text(json.dumps(runs, separators=(",", ":"), ensure_ascii=False) + "\n")
print(f"{path.name}: {len(runs)} runs, {path.stat().st_size // 1024} KiB")
