"""Whatever arrives as a webhook is read, or said to be unreadable: nothing breaks the parser."""

import json

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.jellyfin.webhook import Notice, parse
from support.jellyfin.sample import sample
from support.strategies import texts

BODIES = {name: text.encode() for name, text in sample().bodies().items()}
KEYS = sorted({key for body in BODIES.values() for key in json.loads(body)})

content_types = st.sampled_from(["", "text/plain", "application/x-www-form-urlencoded"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**100), max_value=2**100)
    | st.floats()
    | texts
    | st.text(st.characters(codec=None))
    | st.sampled_from(["a" * 32, "0" * 32, "True", "1e999", "-1", "2026-11-21T09:00:00Z"])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
objects = st.dictionaries(st.sampled_from(KEYS) | texts, values, max_size=12)


def holds(notice):
    """What is true of every notice, and that it can be written down."""
    assert notice.problem == "" or notice.problem.endswith(".")
    assert notice.state is None or notice.type == "UserDataSaved"
    assert {len(notice.user_id), len(notice.item_id), len(notice.server_id)} <= {0, 32}
    assert (notice.dedup_key is None) == (notice.utc_ns is None)
    assert notice == msgspec.msgpack.decode(msgspec.msgpack.encode(notice), type=Notice)


@given(st.binary(max_size=200), content_types)
@example(b"\xff\xfe", "")
@example(b"\x00\x00\xfe\xff", "")
def test_no_bytes_break_it(body, content_type):
    """Noise is a problem, not a traceback."""
    holds(parse(body, content_type))


@given(values, content_types, st.booleans())
def test_no_json_breaks_it(value, content_type, as_ascii):
    """Of any shape, with half characters, infinities and numbers that no machine word holds."""
    text = json.dumps(value, ensure_ascii=as_ascii)
    holds(parse(text.encode("utf-8", "surrogatepass"), content_type))


@given(objects, content_types)
def test_no_value_of_a_known_key_breaks_it(members, content_type):
    """Every key that the plugin has, with every kind of value."""
    known = {"NotificationType": "UserDataSaved", "ItemId": "a" * 32, "ItemType": "Movie"}
    holds(parse(json.dumps(known | members).encode(), content_type))


@given(st.sampled_from(sorted(BODIES)), st.data())
def test_a_body_that_was_cut_or_garbled_does_not_break_it(name, data):
    """A byte changed, a piece missing, the end lost."""
    body = bytearray(BODIES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(start + 20, len(body))))
        body[start:end] = data.draw(st.binary(max_size=4))
    holds(parse(bytes(body), "text/plain"))


@given(st.text(max_size=300), content_types)
def test_what_looks_like_a_template_does_not_break_it(text, content_type):
    """The repair of templates keeps its hands off texts, and never makes things worse."""
    holds(parse(("{" + text + "}").encode("utf-8", "surrogatepass"), content_type))
