"""Which pipelines are there, and what are their stages?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text, update

from routing.pipelines import Stage
from storage import audit, batch
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import pipeline, stage
from storage.transaction import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class First:
    """One stage of what an installation starts with."""

    name: str
    kind: str
    help: str = ""
    task: str = ""
    minutes: int = 0
    required: tuple[str, ...] = ()
    code: str = ""
    comment: bool = False
    attempts: bool = False


DAY: Final = 540
"""A working day, minutes."""
STAGES: Final[Sequence[First]] = (
    First(name="Новый лид", kind="lead", help="Узнайте, что нужно, и решите, работаем ли с клиентом.",
          task="Взять в работу и решить", minutes=15, required=("name", "requirements")),
    First(name="Обрабатываем запрос", kind="open", help="Уточните, чего хочет клиент, и сделайте предложение.",
          task="Уточнить информацию и сделать предложение", minutes=DAY,
          required=("amount", "currency", "subject", "delivery", "name", "phone")),
    First(name="Сделали предложение", kind="open", help="Получите ответ на предложение.", task="Получить ответ",
          minutes=2 * DAY),
    First(name="Получили ответ", kind="open", help="Отправьте счёт.", task="Отправить счёт", minutes=DAY),
    First(name="Отправили счёт", kind="open", help="Дождитесь оплаты, напомните о ней.", task="Получить оплату",
          minutes=3 * DAY),
    First(name="Получили оплату", kind="open", help="Соберите и отправьте или отдайте заказ.",
          task="Собрать и отправить", minutes=2 * DAY),
    First(name="Отправили заказ", kind="open", help="Убедитесь, что заказ дошёл.", task="Убедиться, что заказ получен",
          minutes=5 * DAY),
    First(name="Клиент получил заказ", kind="won"),
    First(name="Спам", kind="lost", code="junk"),
    First(name="Не подошёл по портрету", kind="lost", code="not_our_client", comment=True),
    First(name="Перестал выходить на связь", kind="lost", code="stopped_responding", attempts=True,
          help="Три попытки, не чаще раза в два часа, в два дня, по двум каналам, если они есть. Решает РОП."),
    First(name="Дорого", kind="lost", code="too_expensive", comment=True),
    First(name="Другое", kind="lost", code="other", comment=True),
)  # fmt: skip


def first_pipeline(tx: Transaction) -> None:
    """Make the pipeline of rules.md, section 7."""
    pipeline_id = new_id(tx.now)
    tx.connection.execute(insert(pipeline).values(id=pipeline_id, name="Продажи", position=0))
    columns = (
        "id", "pipeline_id", "position", "name", "kind", "help", "task", "required", "junk", "comment", "code", "attempts"
    )  # fmt: skip
    rows = [
        (
            new_id(tx.now), pipeline_id, place, one.name, one.kind, one.help,
            {"title": one.task, "minutes": one.minutes} if one.task else {}, list(one.required),
            int(one.code == "junk"), int(one.comment), one.code, int(one.attempts),
        )
        for place, one in enumerate(STAGES)
    ]  # fmt: skip
    batch.insert(tx.connection, stage, columns, rows)


def pipelines(connection: Connection) -> list[Row[Any]]:
    """All that are in use, in their order."""
    return list(
        connection.execute(
            select(pipeline).where(pipeline.c.archived == 0).order_by(pipeline.c.position, pipeline.c.id)
        )
    )


def stages(connection: Connection, pipeline_id: str | None = None) -> list[Row[Any]]:
    """Stages in use, in their order; of one pipeline, or of all."""
    statement = (
        select(stage).where(stage.c.archived == 0).order_by(stage.c.pipeline_id, stage.c.position, stage.c.id)
    )
    if pipeline_id is not None:
        statement = statement.where(stage.c.pipeline_id == pipeline_id)
    return list(connection.execute(statement))


def stage_of(connection: Connection, stage_id: str) -> Row[Any]:
    """One stage, also one that is out of use. Raises Conflict not_found."""
    found = connection.execute(select(stage).where(stage.c.id == stage_id)).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def rules_of(row: Row[Any]) -> Stage:
    """The stage as routing sees it."""
    return Stage(
        id=row.id, kind=row.kind, pipeline_id=row.pipeline_id, code=row.code, required=tuple(row.required),
        comment=bool(row.comment), attempts=bool(row.attempts),
    )  # fmt: skip


def save_pipeline(tx: Transaction, pipeline_id: str | None, by: str, values: Mapping[str, Any]) -> str:
    """Make or change a pipeline; its id. A new one has a first stage, a won and a lost one. Raises Conflict."""
    made = pipeline_id or new_id(tx.now)
    if pipeline_id is None:
        place = tx.connection.execute(
            text("SELECT coalesce(max(position), -1) + 1 FROM pipeline")
        ).scalar_one()
        tx.connection.execute(insert(pipeline).values(id=made, position=place, name=values["name"]))
        for name, kind in (("Новый лид", "lead"), ("Успех", "won"), ("Неуспех", "lost")):
            _add_stage(tx, {"pipeline_id": made, "name": name, "kind": kind})
    else:
        changed = tx.connection.execute(
            update(pipeline).where(pipeline.c.id == made).values(**dict(values))
        ).rowcount
        if not changed:
            raise Conflict("not_found", 404)
    _must_work(tx)
    audit.note(tx, by, "pipeline.change", "pipeline", made, {"fields": sorted(values)})
    tx.changed("company", "company")
    tx.ring("company")
    return made


def save_stage(tx: Transaction, stage_id: str | None, by: str, values: Mapping[str, Any]) -> str:
    """Make or change a stage; its id. Raises Conflict not_found; not_now when open deals stand on what is to go."""
    if stage_id is None:
        made = _add_stage(tx, values)
    else:
        made = stage_id
        before = stage_of(tx.connection, made)
        goes = values.get("archived") or values.get("kind", before.kind) != before.kind
        if goes and _deals_on(tx, made):
            raise Conflict("not_now", reason="deals_on_stage")
        tx.connection.execute(update(stage).where(stage.c.id == made).values(**dict(values)))
    _must_work(tx)
    audit.note(tx, by, "stage.change", "stage", made, {"fields": sorted(values)})
    tx.changed("company", "company")
    tx.ring("company")
    return made


def _add_stage(tx: Transaction, values: Mapping[str, Any]) -> str:
    place = tx.connection.execute(
        text("SELECT coalesce(max(position), -1) + 1 FROM stage WHERE pipeline_id = :id"),
        {"id": values["pipeline_id"]},
    ).scalar_one()
    made = new_id(tx.now)
    tx.connection.execute(insert(stage).values(**{"id": made, "position": place, **values}))
    return made


def _deals_on(tx: Transaction, stage_id: str) -> bool:
    sql = text("SELECT 1 FROM deal WHERE stage_id = :id AND open = 1 LIMIT 1")
    return tx.connection.execute(sql, {"id": stage_id}).first() is not None


def _must_work(tx: Transaction) -> None:
    """Raise Conflict bad_request when a pipeline in use would lack a beginning or an end."""
    kinds: dict[str, set[str]] = {row.id: set() for row in pipelines(tx.connection)}
    for row in stages(tx.connection):
        kinds.setdefault(row.pipeline_id, set()).add(row.kind)
    in_use = {row.id for row in pipelines(tx.connection)}
    if not in_use or any(not {"lead", "won", "lost"} <= kinds[ref] for ref in in_use):
        raise Conflict("bad_request", 422, field="stages", reason="needs_lead_won_lost")


def reorder(tx: Transaction, pipeline_id: str, by: str, order: Sequence[str]) -> None:
    """Put the stages of a pipeline into this order. Raises Conflict bad_request unless all of them are named."""
    known = {row.id for row in stages(tx.connection, pipeline_id)}
    if set(order) != known or len(order) != len(known):
        raise Conflict("bad_request", 422, field="order")
    for place, stage_id in enumerate(order):
        tx.connection.execute(update(stage).where(stage.c.id == stage_id).values(position=place))
    audit.note(tx, by, "pipeline.order", "pipeline", pipeline_id)
    tx.changed("company", "company")
