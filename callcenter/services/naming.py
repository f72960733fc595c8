"""What may be an id, a name, a telephone number."""

import re
from collections.abc import Iterator
from typing import Final

from callcenter.core.numbers import normalise
from callcenter.core.reading import Path, Problem
from callcenter.services.refusing import invalid, refuse

LONGEST_NAME: Final = 80
DID: Final = re.compile(r"\+?[0-9]{2,20}")
OUTSIDE: Final = re.compile(r"\+[0-9]{6,15}")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def check_id(field: str, text: str) -> None:
    """Raises: Invalid."""
    refuse(id_problems((field,), text))


def telephone(field: str, text: str, region: str, allowed: re.Pattern[str]) -> str:
    """The number as it is kept, however it is written. Raises: Invalid."""
    number = normalise(text, region)
    refuse(number_problems((field,), number, allowed))
    return number


def number_problems(path: Path, number: str, allowed: re.Pattern[str]) -> Iterator[Problem]:
    if not allowed.fullmatch(number):
        yield invalid(
            path,
            "not a telephone number; write it with its country code, such as +4930901820",
            "不是电话号码，请加上国家代码，例如 +4930901820",
        )


def check_names(name_en: str, name_zh: str) -> None:
    """Raises: Invalid."""
    refuse(name_problems(name_en, name_zh))


def id_problems(path: Path, text: str) -> Iterator[Problem]:
    if not _ID.fullmatch(text):
        yield invalid(
            path,
            "use 1 to 40 of a-z, 0-9 and hyphens, the first no hyphen",
            "请使用 1 到 40 个 a-z、0-9 和连字符，首位不能是连字符",
        )


def name_problems(name_en: str, name_zh: str) -> Iterator[Problem]:
    for field, name in (("name_en", name_en), ("name_zh", name_zh)):
        if len(name) > LONGEST_NAME or not name.isprintable():
            yield invalid(
                (field,),
                f"at most {LONGEST_NAME} printable characters",
                f"最多 {LONGEST_NAME} 个可显示字符",
            )
    if not name_en.strip() and not name_zh.strip():
        yield invalid(
            ("name_en",), "a name is needed in at least one script", "至少需要填写一种文字的名称"
        )
