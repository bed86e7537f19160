"""What holds for every path, name and moment there can be."""

import unicodedata

from hypothesis import assume, example, given
from hypothesis import strategies as st

from projections.decide import decide
from projections.fold import fold
from projections.identity import Identity, match, media_key, normal_path
from projections.moments import NotAMoment, moment_text, parse_moment
from projections.positions import POSITIONS
from projections.resume import best_resume
from support.builders import envelope, report_command
from support.clock import START_NS
from support.strategies import FILES, LATE_AGES_NS, int64s, reports, texts

pieces = st.sampled_from(
    ["/", "//", "\\", ".", "..", ":", "C:", "c:/", "http://", "file://", "@", "?", "#", "%2F"]
)
paths = st.lists(pieces | texts, min_size=1, max_size=8).map("".join)
words = st.text("abcXYZ019-._~", min_size=1, max_size=8)


@given(paths)
@example("/media/https://x/y")
@example("file:///http%3A//x")
@example("http://[::1]:8096/x")
@example("http://host:/x")
def test_a_normal_path_stays_as_it_is(path):
    """Normalising twice is normalising once: keys in the log are found again."""
    once = normal_path(path)

    assert once == normal_path(once)


@given(paths)
def test_unicode_spellings_of_a_path_are_one(path):
    """macOS and Linux mean the same file, whatever letters its name has."""
    assert normal_path(unicodedata.normalize("NFC", path)) == normal_path(
        unicodedata.normalize("NFD", path)
    )


@given(
    scheme=st.sampled_from(["http", "https", "rtsp", "h.2+x-y"]),
    host=words,
    port=words,
    path=words,
    secret=words,
)
def test_no_secret_of_a_url_survives(scheme, host, port, path, secret):
    """User, password, query and fragment are gone, also where host or port make no sense."""
    secret = f"SECRET{secret}"
    url = f"{scheme}://{secret}:{secret}@{host}:{port}/{path}?{secret}={secret}#{secret}"
    assume("SECRET" not in host + port + path)

    assert secret.lower() not in normal_path(url).lower()


@given(
    st.builds(
        Identity,
        name=texts,
        media=st.none() | words,
        path=st.none() | paths,
        fingerprint=st.none() | words,
        size_bytes=st.none() | st.integers(0, 2**63 - 1),
        duration_s=st.none() | st.floats(0, 1e9),
        device=words,
    )
)
def test_every_file_matches_itself(file):
    """What was reported is found again by whoever asks in the same words."""
    key = media_key(file)
    kept = Identity(
        name=file.name,
        media=key,
        path=file.path,
        fingerprint=file.fingerprint,
        size_bytes=file.size_bytes,
        duration_s=file.duration_s,
        device=file.device,
    )

    assert match(file, kept) is not None


@given(st.lists(reports(ages_ns=st.just(0) | LATE_AGES_NS), max_size=6), st.data())
def test_the_answer_does_not_depend_on_the_order_of_the_candidates(listed, data):
    """However the database hands out a user's positions, the resume point is the same."""
    rows = fold(POSITIONS, (_recorded(report, seq) for seq, report in enumerate(listed, start=1)))
    candidates = list(rows.values())
    shuffled = data.draw(st.permutations(candidates))
    for file in FILES:
        wanted = Identity(
            name=file["name"], path=file["path"], fingerprint="moviehash:1-2", device="laptop"
        )

        assert best_resume(wanted, candidates) == best_resume(wanted, shuffled)


def _recorded(report, seq):
    """The event one report becomes; every other one under a clock that was set back."""
    now = START_NS - 7200 * 10**9 * (seq % 2)
    (draft,) = decide(None, report_command(report), now)  # reporting looks at no view
    return envelope(draft.event, seq=seq, at=draft.at, recorded=now)


@given(int64s)
def test_a_moment_survives_its_text(moment):
    """Every moment the log can hold is read back to the nanosecond."""
    assert moment == parse_moment(moment_text(moment))


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,30}(\.[0-9]+)? ?[smhdw]( ago)?"))
def test_any_text_is_a_moment_or_is_refused(text):
    """No text that somebody types makes the command line or the daemon stumble."""
    try:
        moment = parse_moment(text, now=START_NS)
    except NotAMoment:
        moment = 0

    assert -(2**63) <= moment < 2**63
