"""Sealing beside appending, verification on 3 KB bodies, and proofs from a tree of ten million leaves."""

import argparse
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from statistics import median, quantiles

import psutil
import psycopg

from bench.append import rate
from bench.embedded_server import durable_database
from bench.load_events import fill
from bench.report import Cell, report, spread
from database.pool import Connection, connect
from events.clock import utc_now
from events.seals.keys import SigningKey, generate_signing_key
from events.seals.merkle import Frontier, extend
from events.seals.proofs import make_inclusion, verify_inclusion
from handlers.sealer import Sealer
from queries.sealed_leaves import reader_of, root_at
from queries.seals import heads_of, latest_checkpoint, proof_at
from queries.verify import verify

Row = tuple[Cell, ...]

_KEYS: dict[str, SigningKey] = {}


@contextmanager
def lent(conninfo: str) -> Iterator[Connection]:
    """A connection as the scheduler gives to the sealer."""
    with closing(connect(conninfo, application_name="sealer")) as conn:
        conn.execute("SET ROLE tenure_app")
        conn.commit()
        yield conn
        conn.commit()


def keys_of(origin: str) -> list[SigningKey]:
    return [_KEYS.setdefault(origin, generate_signing_key(origin))]


class Metered:
    """One connection kept for the sealer, and the processor time it cost on both sides."""

    def __init__(self, conninfo: str) -> None:
        self.conn = connect(conninfo, application_name="sealer")
        self.conn.execute("SET ROLE tenure_app")
        self.conn.commit()
        self._backend = psutil.Process(self.conn.info.backend_pid)

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        yield self.conn
        self.conn.commit()

    def cpu_s(self) -> float:
        """Seconds of this thread and of its backend, so far."""
        theirs = self._backend.cpu_times()
        return time.thread_time() + float(theirs.user + theirs.system)


def sealing(conninfo: str, *, clients: int, seconds: float, every_s: float) -> tuple[float, float, float]:
    """(appends per second, share of one core used by sealing, microseconds per event)."""
    stop, spent, sealed = threading.Event(), [0.0], [0]

    def run() -> None:
        meter = Metered(conninfo)
        sealer = Sealer(meter.lend, keys_of=keys_of, clock=lambda: datetime.now(UTC))
        sealer.run()
        size = _sealed(meter.conn)
        before = meter.cpu_s()
        ready.set()
        while not stop.wait(every_s):
            sealer.run()
        sealer.run()
        spent[0] = meter.cpu_s() - before
        sealed[0] = _sealed(meter.conn) - size
        meter.conn.close()

    ready = threading.Event()
    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    began = time.perf_counter()
    appends = rate(conninfo, clients=clients, bare=False, seconds=seconds)
    stop.set()
    thread.join()
    assert time.perf_counter() - began >= seconds
    return appends, spent[0] / (sealed[0] / appends), spent[0] / sealed[0] * 1e6


def _sealed(conn: Connection) -> int:
    checkpoint = latest_checkpoint(conn)
    conn.commit()
    return 0 if checkpoint is None else checkpoint.size


def sealing_rows(conninfo: str, seconds: float, runs: int) -> list[Row]:
    rows: list[Row] = []
    for clients, every_s in ((8, 60.0), (8, 1.0), (16, 60.0)):
        results = [sealing(conninfo, clients=clients, seconds=seconds, every_s=every_s) for _ in range(runs)]
        columns = [spread([run[number] for run in results]) for number in range(3)]
        rows.append((clients, f"{every_s:g} s", *columns))
    return rows


def verifying(conninfo: str, runs: int) -> list[Row]:
    """Events per minute and core."""
    with lent(conninfo) as conn:
        checkpoint = latest_checkpoint(conn)
        row = conn.execute("SELECT avg(octet_length(event_data::text))::int FROM events").fetchone()
    assert checkpoint is not None
    assert row is not None
    trusted = [key.verifier for key in _KEYS.values()]
    rows: list[Row] = []
    for workers in (1, 2):
        rates = []
        for _ in range(runs):
            began = time.perf_counter()
            done = verify(partial(lent, conninfo), trusted=trusted, workers=workers)
            took = time.perf_counter() - began
            assert not done.findings, done.findings
            rates.append(done.events / took * 60)
        rows.append((workers, done.events, int(row[0]), spread(rates)))
    return rows


def planted(conn: Connection, part: int, leaves: int) -> None:
    """A tree of random leaves, by COPY into log_nodes past the sealer."""
    frontier = Frontier()
    conn.execute("TRUNCATE log_nodes")
    with conn.cursor() as cursor, cursor.copy("COPY log_nodes FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int2", "int2", "int8", "bytea"])
        while frontier.size < leaves:
            batch = [secrets.token_bytes(32) for _ in range(min(100_000, leaves - frontier.size))]
            frontier, nodes = extend(frontier, batch)
            for level, index, node in nodes:
                copy.write_row((part, level, index, node))
    conn.commit()


def proving(conninfo: str, leaves: int, proofs: int) -> Row:
    """Milliseconds to create and check one inclusion proof."""
    part = 5
    with closing(connect(conninfo, application_name="owner", autocommit=False)) as owner:
        owner.execute("ALTER TABLE log_nodes DISABLE TRIGGER ALL")
        planted(owner, part, leaves)
    with lent(conninfo) as conn:
        read, root = reader_of(conn, part), root_at(conn, part, leaves)
        assert root is not None
        took = []
        for _ in range(proofs):
            index = secrets.randbelow(leaves)
            began = time.perf_counter()
            path = make_inclusion(index, leaves, read_nodes=read)
            took.append((time.perf_counter() - began) * 1000)
            leaf = read([(0, index)])[0, index]
            verify_inclusion(leaf, index, size=leaves, path=path, root=root)
    return _times(f"path in a tree of {leaves:,} leaves", took)


def proof_files(conninfo: str, proofs: int) -> Row:
    """Milliseconds of a whole proof file of a stored event."""
    with lent(conninfo) as conn:
        under = latest_checkpoint(conn)
        assert under is not None
        heads = [head for head in heads_of(under.note) if head.size]
        took = []
        for _ in range(proofs):
            head = secrets.choice(heads)
            position = 1 + secrets.randbelow(head.size)
            began = time.perf_counter()
            proof_at(conn, head.part, position, under=under)
            took.append((time.perf_counter() - began) * 1000)
    return _times(f"whole proof file, {under.size:,} events", took)


def _times(what: str, took: list[float]) -> Row:
    cut = quantiles(took, n=100)
    return what, len(took), f"{median(took):.2f}", f"{cut[98]:.2f}", f"{max(took):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--events", type=int, default=100_000, help="for verification")
    parser.add_argument("--leaves", type=int, default=10_000_000)
    parser.add_argument("--write", action="store_true", help="put the tables in bench/RESULTS.md")
    arguments = parser.parse_args()
    how = f"`python -m bench seals`, {os.cpu_count()} cores, fsync on, ended {utc_now():%H:%M} UTC"
    with durable_database() as conninfo:
        rows = sealing_rows(conninfo, arguments.seconds, arguments.runs)
    report(
        "Sealing beside appends",
        ("clients", "sealed every", "append/s", "share of one core", "µs an event"),
        rows,
        notes=f"{how}; median (range) of {arguments.runs} runs of {arguments.seconds:g} s, 3 KB bodies. Processor time of the "
        "sealer's thread and of its backend over the time of the appends. Goal: at most 0.1.",
        write=arguments.write,
    )
    with durable_database() as conninfo:
        with psycopg.connect(conninfo) as conn:
            fill(conn, arguments.events)
        Sealer(partial(lent, conninfo), keys_of=keys_of, clock=lambda: datetime.now(UTC)).run()
        report(
            "Verification",
            ("workers", "events", "bytes a body", "events a minute"),
            verifying(conninfo, arguments.runs),
            notes=f"{how}; `verify` in full: digests, leaves, nodes, roots, signatures. The database uses a core of its "
            "own beside the workers. Goal: 200,000 a minute and core.",
            write=arguments.write,
        )
        files = proof_files(conninfo, 500)
        tree = proving(conninfo, arguments.leaves, 500)
        report(
            "Proofs",
            ("what", "proofs", "median ms", "p99 ms", "max ms"),
            [tree, files],
            notes=f"{how}; the tree is planted from random hashes by COPY. Goal: under 20 ms at ten million leaves.",
            write=arguments.write,
        )


if __name__ == "__main__":
    main()
