"""Functions and files stay small enough to be read in one go."""

import ast

from support import checkout

BODY_LINES_AIM = 40
BODY_LINES_MAX = 60
FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 600
SOURCE_SUFFIXES = {".py", ".lua", ".js", ".sql"}


def long_functions():
    """Every function of the packages with more lines than we aim at, the longest first."""
    found = [
        (checkout.body_lines(place.node), str(place))
        for path in checkout.python_files(*checkout.PACKAGES)
        for place in checkout.definitions(path)
        if not isinstance(place.node, ast.ClassDef)
    ]
    return sorted((entry for entry in found if entry[0] > BODY_LINES_AIM), reverse=True)


def test_no_function_body_is_longer_than_sixty_lines():
    """A body of more than 40 lines is looked at with suspicion; one of more than 60 is split."""
    suspicious = long_functions()

    too_long = [entry for entry in suspicious if entry[0] > BODY_LINES_MAX]

    report = "\n".join(f"{lines} lines: {place}" for lines, place in suspicious)
    assert [] == too_long, (
        f"over {BODY_LINES_MAX} must be split, over {BODY_LINES_AIM} should be:\n{report}"
    )


def test_no_file_is_longer_than_its_limit():
    """A file has at most 400 lines, a test file at most 600."""
    too_long = []
    for path in checkout.files():
        limit = TEST_FILE_LINES_MAX if path.parts[0] == "tests" else FILE_LINES_MAX
        if path.suffix in SOURCE_SUFFIXES:
            lines = len((checkout.text(path) or "").splitlines())
            if lines > limit:
                too_long.append(f"{path}: {lines} lines, at most {limit}")

    assert [] == too_long
