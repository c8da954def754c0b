"""The peer: OpenCV for the picture and pyzbar for the code, as most would write it.

Reads grey frames of WIDTH x HEIGHT from a file, decodes each one, prints milliseconds a frame.
"""
import json
import sys
import time

import cv2
import numpy
from pyzbar import pyzbar

path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
frames = numpy.fromfile(path, dtype=numpy.uint8).reshape(-1, height, width)
result = {"opencv": cv2.__version__, "frames": len(frames), "read": 0, "defaults": [], "qrOnly": []}
for frame in frames:
    start = time.perf_counter()
    codes = pyzbar.decode(frame)
    result["defaults"].append((time.perf_counter() - start) * 1000)
    result["read"] += 1 if codes else 0
    start = time.perf_counter()
    pyzbar.decode(frame, symbols=[pyzbar.ZBarSymbol.QRCODE])
    result["qrOnly"].append((time.perf_counter() - start) * 1000)
print(json.dumps(result))
