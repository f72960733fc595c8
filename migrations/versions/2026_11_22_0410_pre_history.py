"""What happened: facts, and what calls, stays in queues, offers and agents' time came to."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_0410"
down_revision = "2026_11_22_0400"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _facts()
    _calls()
    _queue_visits()
    _offers()
    _agent_spans()


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("call_id", sa.Text),
        sa.Column("body", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("journal", "number", name="pk_facts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_facts_call_id", "facts", ["call_id"])
    op.create_table(
        "archive_progress",
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("journal", name="pk_archive_progress"),
    )


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("ani", sa.Text, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("dnis", sa.Text, nullable=False),
        sa.Column("flow_id", sa.Text),
        sa.Column("flow_version", sa.Text),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("ended_by", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
    )
    op.create_index("ix_calls_arrived_at", "calls", ["arrived_at"])
    op.create_index("ix_calls_ani", "calls", ["ani"])
    op.create_index("ix_calls_agent_id", "calls", ["agent_id"])


def _queue_visits() -> None:
    op.create_table(
        "queue_visits",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("visit", sa.Integer, nullable=False),
        sa.Column("queue_id", sa.Text, nullable=False),
        sa.Column("priority", sa.Double, nullable=False),
        sa.Column("enqueued_at", MOMENT, nullable=False),
        sa.Column("exited_at", MOMENT),
        sa.Column("exit", sa.Text),
        sa.Column("wait_seconds", sa.Double),
        sa.Column("agent_id", sa.Text),
        sa.Column("offers", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "visit", name="pk_queue_visits"),
    )
    op.create_index(
        "ix_queue_visits_queue_id_enqueued_at", "queue_visits", ["queue_id", "enqueued_at"]
    )
    op.create_index("ix_queue_visits_enqueued_at", "queue_visits", ["enqueued_at"])


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("visit", sa.Integer, nullable=False),
        sa.Column("offer", sa.Integer, nullable=False),
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("offered_at", MOMENT, nullable=False),
        sa.Column("ringing_at", MOMENT),
        sa.Column("answered_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("result", sa.Text),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("call_id", "visit", "offer", name="pk_offers"),
        sa.ForeignKeyConstraint(
            ["call_id", "visit"],
            ["queue_visits.call_id", "queue_visits.visit"],
            "fk_offers_call_id_visit_queue_visits",
        ),
    )
    op.create_index("ix_offers_agent_id_offered_at", "offers", ["agent_id", "offered_at"])


def _agent_spans() -> None:
    op.create_table(
        "agent_spans",
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("agent_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text),
        sa.Column("queue_id", sa.Text),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("journal", "number", "kind", name="pk_agent_spans"),
    )
    op.create_index("ix_agent_spans_agent_id_began_at", "agent_spans", ["agent_id", "began_at"])
    op.create_index("ix_agent_spans_began_at", "agent_spans", ["began_at"])


def downgrade() -> None:
    for table in (
        "agent_spans",
        "offers",
        "queue_visits",
        "calls",
        "archive_progress",
        "facts",
    ):
        op.drop_table(table)
