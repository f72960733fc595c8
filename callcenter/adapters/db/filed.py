"""What follows from what agents say that calls came to: who does not want to be called is put on the list.

It is done in the archive's own transaction, so once, whatever dies. An entry that somebody made by hand
stays as it is, and one that came of a call goes again when something else is said of that call.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenter.adapters.db.codes import dispositions
from callcenter.adapters.db.do_not_call import do_not_call
from callcenter.adapters.db.schema import storable
from callcenter.adapters.db.session import Database
from callcenter.core.ids import CallId
from callcenter.core.numbers import ANONYMOUS

FLAG: Final = "do-not-call"

Filed = tuple[str, str]
"""The caller's number, and what was said of their call."""


async def follow(
    database: Database, connection: AsyncConnection, filed: Mapping[CallId, Filed]
) -> None:
    """Put the callers of these calls on the list, or take them off, within the transaction."""
    known = {call: said for call, said in filed.items() if said[0] not in ("", ANONYMOUS)}
    if not known:
        return
    rows = await connection.execute(select(dispositions.c.id, dispositions.c.flags))
    forbidding = {row.id for row in rows if FLAG in row.flags.split()}
    for call, (number, disposition) in known.items():
        reason = f"call {storable(call)}"
        if disposition in forbidding:
            put = database.insert(do_not_call).values(number=number, reason=reason, until=None)
            await connection.execute(put.on_conflict_do_nothing(index_elements=["number"]))
        else:
            by_this = do_not_call.c.reason == reason
            gone = delete(do_not_call).where(do_not_call.c.number == number, by_this)
            await connection.execute(gone)
