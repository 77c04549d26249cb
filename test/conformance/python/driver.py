"""Answers calls on standard input, one JSON object a line: {"call": name, ...arguments} gets {"result": ...},
or {"error": {"kind": class name, "text": message}} where the client raised."""

import json
import sys


def serve(calls):
    """calls: name -> function of the arguments; what it returns must be JSON. Ends with the input."""
    for line in sys.stdin:
        arguments = json.loads(line)
        name = arguments.pop("call")
        try:
            answer = {"result": calls[name](**arguments)}
        except Exception as error:  # Whatever a client raises is what a test wants to see.
            answer = {"error": {"kind": type(error).__name__, "text": str(error)}}
        print(json.dumps(answer), flush=True)
