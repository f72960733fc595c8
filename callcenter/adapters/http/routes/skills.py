"""Skills: what agents may be good at, and what callers may ask for."""

from pydantic import Field

from callcenter.adapters.http.routing import API, Answer, Asked, Right, Routes
from callcenter.adapters.http.shapes import Listing, Shape
from callcenter.core.access import Action
from callcenter.core.errors import Invalid, NoSuchSkill, StillInUse
from callcenter.ports.store import Skill, StoreAway
from callcenter.services.configuration import Configuration
from callcenter.services.naming import LONGEST_NAME


class SkillNames(Shape):
    """A name is needed in at least one script."""

    name_en: str = Field(default="", max_length=LONGEST_NAME)
    name_zh: str = Field(default="", max_length=LONGEST_NAME)


class SkillShown(Shape):
    id: str
    name_en: str
    name_zh: str


class SkillListing(Listing[SkillShown]):
    """All skills, by id."""


def skill_routes(configuration: Configuration) -> Routes:
    routes = Routes("skills")

    @routes.add(
        "GET",
        f"{API}/skills",
        "All skills",
        gives=SkillListing,
        needs=Right(Action.READ_AGENTS),
        errors=(StoreAway,),
    )
    async def list_skills(asked: Asked[None]) -> Answer:
        known = await configuration.list_skills(asked.actor)
        return SkillListing(items=[skill_shown(skill) for skill in known])

    @routes.add(
        "PUT",
        f"{API}/skills/{{skill_id}}",
        "Add a skill, or change its names",
        takes=SkillNames,
        gives=SkillShown,
        needs=Right(Action.CHANGE_AGENTS),
        errors=(Invalid, StoreAway),
    )
    async def put_skill(asked: Asked[SkillNames]) -> Answer:
        skill = Skill(asked.path("skill_id"), asked.body.name_en, asked.body.name_zh)
        await configuration.put_skill(asked.actor, skill)
        return skill_shown(skill)

    @routes.add(
        "DELETE",
        f"{API}/skills/{{skill_id}}",
        "Forget a skill that nobody has and nothing asks for",
        needs=Right(Action.CHANGE_AGENTS),
        errors=(NoSuchSkill, StillInUse, StoreAway),
    )
    async def delete_skill(asked: Asked[None]) -> Answer:
        await configuration.delete_skill(asked.actor, asked.path("skill_id"))
        return None

    return routes


def skill_shown(skill: Skill) -> SkillShown:
    """A skill as it is shown."""
    return SkillShown(id=skill.id, name_en=skill.name_en, name_zh=skill.name_zh)
