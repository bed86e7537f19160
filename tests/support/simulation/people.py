"""
What people do, on one server and in the ideal world at the same time.
"""

from projections.userdata import TICKS_PER_SECOND
from support.simulation.server import SimServer
from support.simulation.time import HOUR, MINUTE, SECOND
from support.simulation.world import World

REST_AFTER_UNWATCHING = 10 * MINUTE


class Someone:
    """One person at one server, or with a player at hand."""

    def __init__(self, world: World, user: str, server: SimServer | None) -> None:
        self.world = world
        self.user = user
        self.server = server

    def act(self, title: str) -> None:
        """Does something with a title."""
        if self.server is None:
            self._play_elsewhere(title)
            return
        if (self.server.name, title) not in self.world.items:
            return
        choice = self.world.random.choice(
            ["watch", "watch", "watch", "mark", "unmark", "favor", "like", "clear"]
        )
        item_id = self.world.items[self.server.name, title]
        user_id = f"{self.server.name}-{self.user}"
        if (user_id, item_id) in self.server.playing:
            self._end_playing(user_id, item_id, title)
        elif choice == "watch":
            self._watch(user_id, item_id, title)
        else:
            self._press(choice, user_id, item_id, title)

    def _press(self, choice: str, user_id: str, item_id: str, title: str) -> None:
        assert self.server is not None
        favorite = self.world.random.random() < 0.5
        for where, who, what in (
            (self.server, user_id, item_id),
            (self.world.ideal, self.user, title),
        ):
            if choice == "mark":
                where.mark_played(who, what)
            elif choice == "unmark":
                where.mark_unplayed(who, what)
            elif choice == "favor":
                where.favor(who, what, favorite=favorite)
            elif choice == "like":
                where.like(who, what, likes=favorite)
            else:
                where.clear_rating(who, what)
        if choice == "unmark":
            self.world.unwatched.add((self.user, title))
        if choice == "unmark" and self.world.scene == "single":
            self.world.pass_time(REST_AFTER_UNWATCHING)

    def _watch(self, user_id: str, item_id: str, title: str) -> None:
        assert self.server is not None
        random = self.world.random
        self.server.start(user_id, item_id)
        self.world.ideal.start(self.user, title)
        for _ in range(random.randint(0, 3)):
            self.world.pass_time(self.world.moment(5 * MINUTE))
            if not self._still_there(item_id):
                return
            position = self._somewhere(title)
            self.server.progress(user_id, item_id, position)
            self.world.ideal.progress(self.user, title, position)
        if self.world.scene == "spaced" or random.random() < 0.7:
            self.world.pass_time(self.world.moment(MINUTE))
            if self._still_there(item_id):
                self._end_playing(user_id, item_id, title)

    def _still_there(self, item_id: str) -> bool:
        return self.server is not None and item_id in self.server.library

    def _end_playing(self, user_id: str, item_id: str, title: str) -> None:
        assert self.server is not None
        position = self._somewhere(title)
        self.server.stop(user_id, item_id, position)
        self.world.ideal.stop(self.user, title, position)

    def _somewhere(self, title: str) -> int:
        runtime_ticks = self.world.titles[title].runtime_ticks
        share = self.world.random.choice([0.0, 0.02, 0.3, 0.5, 0.7, 0.95, 1.0])
        return int(share * runtime_ticks) // TICKS_PER_SECOND * TICKS_PER_SECOND

    def _play_elsewhere(self, title: str) -> None:
        if not any(known == title for _, known in self.world.items):
            return
        position_s = self._somewhere(title) / TICKS_PER_SECOND
        finished = self.world.random.random() < 0.3
        age = 0
        if self.world.scene == "chaos":
            age = self.world.random.choice([0, self.world.moment(2 * HOUR)])
        self.world.report(self.user, title, position_s, finished=finished, age=age)
        self.world.ideal.report(self.user, title, position_s, finished=finished, age=age)
        self.world.pass_time(self.world.moment(10 * SECOND))
