"""Live projection: events per second of one process, and the cost of an event as a history grows."""

import argparse
import time
from datetime import timedelta
from statistics import median

import psycopg

from bench.embedded_server import durable_database
from bench.load_events import fill
from bench.report import report, spread
from events.append import append
from events.clock import from_micros, micros
from events.envelope import NewEvent
from projections.runner import Runner

READ_ALL = "COPY (SELECT event_data FROM events) TO STDOUT"


def drained(conninfo: str) -> float:
    """Seconds to project all waiting events."""
    runner = Runner(lambda: psycopg.connect(conninfo, autocommit=True))
    started = time.perf_counter()
    runner.drain()
    return time.perf_counter() - started


def copied(conninfo: str) -> float:
    """Seconds to read every payload: a lower limit for a projector."""
    started = time.perf_counter()
    with psycopg.connect(conninfo) as conn, conn.cursor().copy(READ_ALL) as copy:
        for _ in copy:
            pass
    return time.perf_counter() - started


def throughput(events: int) -> tuple[float, float]:
    """(events/s projected, rows/s copied) on a fresh database of so many events."""
    with durable_database() as conninfo:
        with psycopg.connect(conninfo) as conn:
            fill(conn, events)
        psycopg.connect(conninfo, autocommit=True).execute("ANALYZE")
        return events / drained(conninfo), events / copied(conninfo)


def cost_at(conninfo: str, length: int, probes: int) -> float:
    """Milliseconds to project one more event in order, for one user with so long a history."""
    customer = f"cus_long{length}"
    at = micros(from_micros(1_700_000_000_000_000))
    runner = Runner(lambda: psycopg.connect(conninfo, autocommit=True))
    costs = []
    with psycopg.connect(conninfo, autocommit=True) as conn:
        with conn.transaction():
            for step in range(length):
                append(conn, _update(customer, step, at + step * 1_000_000))
        runner.drain()
        for step in range(length, length + probes):
            append(conn, _update(customer, step, at + step * 1_000_000))
            started = time.perf_counter()
            runner.step(conn)
            costs.append((time.perf_counter() - started) * 1000)
    return median(costs)


def _update(customer: str, step: int, at: int) -> NewEvent:
    seconds = at // 1_000_000
    body = (
        f'{{"id":"evt_{customer}{step}","object":"event","type":"customer.subscription.updated","created":{seconds},'
        f'"data":{{"object":{{"id":"sub_{customer}","object":"subscription","customer":"{customer}","status":"active",'
        f'"created":1600000000,"metadata":{{"userId":"user_{customer}"}},"current_period_end":{seconds + step},'
        f'"items":{{"data":[{{"price":{{"id":"price_glow_up_monthly"}}}}]}}}}}}}}'
    )
    return NewEvent(
        source_system="stripe",
        idempotency_key=f"evt_{customer}{step}",
        route_key=customer,
        aggregate_type="stripe_customer",
        aggregate_id=customer,
        event_type="stripe.customer.subscription.updated",
        payload=body,
        occurred_at=from_micros(at) + timedelta(0),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="put the tables in bench/RESULTS.md")
    arguments = parser.parse_args()
    runs = [throughput(arguments.events) for _ in range(arguments.runs)]
    report(
        "Live projection",
        ("events/s, one process", "payloads copied/s", "ratio"),
        [
            (
                spread([r[0] for r in runs]),
                spread([r[1] for r in runs]),
                f"{median(r[0] / r[1] for r in runs):.3f}",
            )
        ],
        notes=f"`python -m bench projection`: {arguments.events:,} mixed Stripe events of 3 KB, caught up by one process with "
        f"rows, states and checkpoints committed; {arguments.runs} runs. Goal: at least 8,000 events/s.",
        write=arguments.write,
    )
    with durable_database() as conninfo:
        rows = [(length, cost_at(conninfo, length, 200)) for length in (10, 1_000, 100_000)]
    report(
        "Cost of one event in order",
        ("history length", "ms, median"),
        rows,
        notes="`python -m bench projection`: one event alone in its batch, so the figure is a whole transaction with its "
        "commit; 200 probes each. Goal: level.",
        write=arguments.write,
    )


if __name__ == "__main__":
    main()
