"""A switch in memory: carries out effects as Asterisk would, and tells the engine what came of them.

It keeps legs, prompts, music and bridges, refuses what the real one refuses (a leg id that exists, a
leg that is gone), and lets a test be the people on the line: `press`, `hang_up`, `answer`, `decline`.
`deaf` makes it lose what it is told, as a cut connection would.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from callcenter.core.calls.effects import (
    AnswerLeg,
    BridgeLegs,
    GiveBack,
    HangUpLeg,
    LegEffect,
    Prompt,
    RingAgent,
    Say,
    StartMusic,
    StopMusic,
    StopSaying,
    TurnAway,
    Words,
)
from callcenter.core.facts.calls import (
    AgentAnswered,
    AgentRinging,
    CallArrived,
    DigitPressed,
    Known,
    LegCause,
    LegEnded,
    PromptEnded,
)
from callcenter.core.facts.wire import Fact
from callcenter.core.ids import AgentId, CallId, LegId, PromptId, offer_of, prompt_of
from callcenter.ports.clock import Clock
from callcenter.ports.telephony import SeenLeg, SwitchAway, SwitchPicture


def _nothing() -> None:
    return


def _named(said: Prompt | Words) -> str:
    return said.text if isinstance(said, Words) else said.name


@dataclass(slots=True)
class FakeLeg:
    """One leg as the fake switch has it."""

    call: CallId
    arrived: CallArrived | None = None
    agent: AgentId | None = None
    device: str = ""
    answered: bool = False
    saying: Say | None = None
    music: str | None = None
    heard: list[Prompt | Words] = field(default_factory=list)
    together: frozenset[LegId] = frozenset()


class FakeSwitch:
    """The switch, and the people on its lines."""

    def __init__(self, clock: Clock) -> None:
        self.legs: dict[LegId, FakeLeg] = {}
        self.done: list[LegEffect] = []
        self.given_back: list[LegId] = []
        self.turned_away: list[LegId] = []
        self.share_turned_away = 0.0
        self.unreachable: set[str] = set()
        self.silent_devices: set[str] = set()  # never say that they ring
        self.unplayable: set[str] = set()  # names of prompts, or words, that fail at once
        self.deaf = False
        self.loses: type[LegEffect] | None = None  # commands of this kind, on their way
        self.away = False
        # What happens, once, while a picture is being taken.
        self.while_asked: Callable[[], None] = _nothing
        self._clock = clock
        self._deliver: Callable[..., None] = lambda *facts: None
        self._calls = 0

    def connect(self, deliver: Callable[..., None]) -> None:
        """Tell facts to this engine from now on."""
        self._deliver = deliver

    # -- the port -----------------------------------------------------------------------------

    def perform(self, call: CallId, effects: Sequence[LegEffect]) -> None:
        """See `ports.telephony`."""
        if self.deaf:
            return
        for effect in effects:
            self.done.append(effect)
            if type(effect) is not self.loses:
                self._perform(call, effect)

    def turn_away(self, share: float) -> None:
        """See `ports.telephony`."""
        if not self.deaf:
            self.share_turned_away = share

    async def picture(self, prompts: Sequence[PromptId]) -> SwitchPicture:
        """See `ports.telephony`."""
        if self.away:
            raise SwitchAway
        legs = {
            leg_id: SeenLeg(leg_id, leg.answered, leg.arrived, leg.together)
            for leg_id, leg in self.legs.items()
        }
        playing = {leg.saying.id for leg in self.legs.values() if leg.saying}
        happens, self.while_asked = self.while_asked, _nothing
        happens()
        return SwitchPicture(self._clock.now(), legs, frozenset(playing) & frozenset(prompts))

    # -- the people on the lines ----------------------------------------------------------------

    def arrive(
        self,
        dnis: str,
        ani: str = "+493012345",
        name: str = "",
        *,
        known: Known | None = None,
        refused: str = "",
    ) -> CallId:
        """A caller dials in, of whom so much is known by then."""
        self._calls += 1
        call = CallId(f"cc1-1700000000.{self._calls}")
        self.arrive_again(call, dnis, ani, name, known, refused)
        return call

    def arrive_again(
        self,
        call: CallId,
        dnis: str,
        ani: str = "+493012345",
        name: str = "",
        known: Known | None = None,
        refused: str = "",
    ) -> None:
        """The dialplan sends a caller to us whom it had taken, on the same leg."""
        who = (LegId(call), ani, dnis, name)
        fact = CallArrived(self._clock.now(), call, *who, refused=refused, known=known)
        self.legs[LegId(call)] = FakeLeg(call, arrived=fact)
        self._tell(fact)

    def press(self, call: CallId, digit: str) -> None:
        """The caller presses a key."""
        self._tell(DigitPressed(self._clock.now(), call, LegId(call), digit))

    def finish_prompt(self, call: CallId) -> None:
        """What is being said to the caller comes to its end."""
        leg = self.legs[LegId(call)]
        said = leg.saying
        assert said is not None, "nothing is being said"
        self._end_prompt(leg, said)

    def fail_prompt(self, call: CallId) -> None:
        """What is being said to the caller breaks off."""
        leg = self.legs[LegId(call)]
        assert leg.saying is not None, "nothing is being said"
        self._end_prompt(leg, leg.saying, played=False)

    def hang_up(self, leg: LegId, cause: LegCause = LegCause.NORMAL) -> None:
        """Somebody puts the receiver down."""
        gone = self._take_away(leg)
        self._tell(LegEnded(self._clock.now(), gone.call, leg, cause))

    def _take_away(self, leg: LegId) -> FakeLeg:
        gone = self.legs.pop(leg)
        for other in gone.together:
            self.legs[other].together -= {leg}
        return gone

    def ringing(self, agent: AgentId) -> LegId:
        """The leg that rings at the agent's; fails when none does."""
        found = [i for i, leg in self.legs.items() if leg.agent == agent and not leg.answered]
        assert found, f"nothing rings at {agent}"
        return found[-1]

    def answer(self, agent: AgentId) -> LegId:
        """The agent picks up."""
        leg = self.ringing(agent)
        self.legs[leg].answered = True
        call, offer = offer_of(leg)
        self._tell(AgentAnswered(self._clock.now(), call, agent, offer))
        return leg

    def decline(self, agent: AgentId, cause: LegCause = LegCause.REJECTED) -> None:
        """The agent presses the red button."""
        self.hang_up(self.ringing(agent), cause)

    # -- effects ------------------------------------------------------------------------------

    def _perform(self, call: CallId, effect: LegEffect) -> None:
        match effect:
            case AnswerLeg() | Say() | StopSaying() | StartMusic() | StopMusic():
                self._sound(effect)
            case RingAgent():
                self._ring(call, effect)
            case BridgeLegs(legs=legs):
                here = frozenset(leg for leg in legs if leg in self.legs)
                for leg in here:
                    self.legs[leg].together = here - {leg}
            case TurnAway(leg=leg):
                assert not self.legs[leg].answered, "whoever was answered cannot be turned away"
                self.turned_away.append(leg)
                self.hang_up(leg)
            case HangUpLeg(leg=leg):
                if leg in self.legs:
                    self.hang_up(leg)
            case GiveBack(leg=leg):
                if leg in self.legs:
                    self._take_away(leg)
                    self.given_back.append(leg)
            case _:
                assert_never(effect)

    def _sound(self, effect: AnswerLeg | Say | StopSaying | StartMusic | StopMusic) -> None:
        leg = (
            self._hears(effect.id) if isinstance(effect, StopSaying) else self.legs.get(effect.leg)
        )
        if leg is None:
            return
        match effect:
            case AnswerLeg():
                leg.answered = True
            case Say(prompts=prompts):
                # A prompt takes the line from the music, which does not come back by itself.
                leg.music, leg.saying = None, effect
                if any(_named(one) in self.unplayable for one in prompts):
                    self._end_prompt(leg, effect, played=False)
                else:
                    leg.heard.extend(prompts)
            case StopSaying(id=prompt):
                if leg.saying is not None and leg.saying.id == prompt:
                    self._end_prompt(leg, leg.saying)
            case StartMusic(music=music):
                leg.music = music
            case StopMusic():
                leg.music = None

    def _hears(self, prompt: PromptId) -> FakeLeg | None:
        hear = (leg for leg in self.legs.values() if leg.saying and leg.saying.id == prompt)
        return next(hear, None)

    def _end_prompt(self, leg: FakeLeg, said: Say, *, played: bool = True) -> None:
        leg.saying = None
        call, number = prompt_of(said.id)
        self._tell(PromptEnded(self._clock.now(), call, number, played))

    def _ring(self, call: CallId, effect: RingAgent) -> None:
        if effect.leg in self.legs:
            return  # 409: it rings already
        now = self._clock.now()
        if effect.device in self.unreachable or effect.caller not in self.legs:
            self._tell(LegEnded(now, call, effect.leg, LegCause.UNREACHABLE))
            return
        self.legs[effect.leg] = FakeLeg(call, agent=effect.agent, device=effect.device)
        if effect.device not in self.silent_devices:
            self._tell(AgentRinging(now, call, effect.agent, offer_of(effect.leg)[1]))

    def _tell(self, fact: Fact) -> None:
        if not self.deaf:
            self._deliver(fact)
