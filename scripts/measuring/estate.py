#!/usr/bin/env python3
"""This module measures the pages of a large desk: devices, parts, rounds, versions, the month's report.

    scripts/measuring/estate.py [--devices 10000] [--moves 50000] [--rounds 5000] [--cases 5000] [--database URL]

It makes them up in a database of its own (a SQLite file in a temporary folder, unless one is named), asks each page
some times in this process, and prints the 95th percentile of the processor's time, held against 80 ms.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import insert, select

from kb.database import tables
from kb.database.connection import Store
from kb.model.casework import PlaceKind
from kb.service import cases as service
from kb.service.assets.devices import key_of
from kb.service.sampling import Machine, customers, service_year
from kb.settings import load
from kb.web import create_app
from measuring.table import Row, print_rows

TARGET = 80.0
"""Milliseconds."""
TIMES = 40
PER_PLAN = 10
"""Rounds of a plan, of which most are done."""
SITES = 20
"""Of each customer."""
MODELS = ("S5130-28S", "R740", "P3015", "ME4024", "DS-2CD2143", "ThinkCentre M930")
VERSIONS = ("7.1.045", "7.1.070", "7.1.075", "2.12.2", "2.21.2")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, usual in (("devices", 10_000), ("moves", 50_000), ("rounds", 5_000), ("cases", 5_000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--database", default="")
    args = parser.parse_args()
    os.environ["KB_ENCODER"] = "off"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "articles").mkdir()
        database = args.database or str(folder / "guzhi.db")
        settings = replace(load({"workers": 1}, folder), service="on", database=database)
        store, rng = Store(database), random.Random(1)
        began = time.perf_counter()
        machines = fill(store, rng, args.devices, args.moves, args.rounds)
        service_year(service.opened(settings, store), 1, args.cases, (), datetime.now(UTC), machines)
        told = f"{args.devices} devices, {args.moves} moves, {args.rounds} rounds, {args.cases} cases"
        print(f"made {told} in {time.perf_counter() - began:.0f} s")
        client = create_app(settings).test_client()
        rows = [measured(client, name, list(paths)) for name, paths in pages(args.devices)]
        store.close()
    print_rows(rows)


def pages(devices: int) -> Iterator[tuple[str, Iterator[str]]]:
    """(what, addresses) of each page; a different one each time, where there are several."""
    rng, month = random.Random(2), f"{date.today():%Y-%m}"
    some = range(TIMES)
    yield "/devices", (f"/devices?page={n % 20 + 1}" for n in some)
    yield "/devices, searched", (f"/devices?q={MODELS[n % len(MODELS)]}" for n in some)
    yield "/devices, a barcode", (f"/devices?q=(S)SN{rng.randrange(devices):07d}" for n in some)
    yield "/devices, ending", (f"/devices?ending={(30, 60, 90)[n % 3]}" for n in some)
    yield "a device's card", (f"/devices/{rng.randrange(devices) + 1}" for n in some)
    yield "a customer's page", (f"/customers/{n % len(customers()) + 1}" for n in some)
    yield "/parts", ("/parts" for n in some)
    yield "/rounds", (f"/rounds?page={n % 5 + 1}" for n in some)
    yield "/rounds/plans", (f"/rounds/plans?page={n % 5 + 1}" for n in some)
    yield "/census", (f"/census?page={n % 10 + 1}" for n in some)
    yield "/cases", ("/cases" for n in some)
    yield "the month's report", (f"/reports/{n % len(customers()) + 1}/{month}" for n in some)
    yield "costs of the year", (f"/cases/costs?period={date.today().year}" for n in some)


def measured(client: Any, name: str, paths: list[str]) -> Row:
    """The 95th percentile of the processor's time of these addresses, in milliseconds."""
    for path in paths[:3]:
        assert client.get(path).status_code == 200, path
    taken = []
    for path in paths:
        start = time.process_time()
        client.get(path)
        taken.append((time.process_time() - start) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1]
    return Row(name, p95, "ms cpu", at_most=TARGET, note=f"median {statistics.median(taken):.0f}")


# --- what there is ---------------------------------------------------------------------------


def fill(store: Store, rng: random.Random, devices: int, moves: int, rounds: int) -> list[Machine]:
    """Customers with sites and devices, parts with moves, plans with rounds. The devices that cases are about."""
    names, today = customers(), date.today()
    with store.session() as session:
        session.execute(insert(tables.Customer), [{"name": n, "aliases": [], "promises": "", "calendar": "", "note": ""}
                                                  for n in names])  # fmt: skip
        sites = [(c, f"site {i}") for c in range(1, len(names) + 1) for i in range(SITES)]
        session.execute(insert(tables.Site), [{"customer": c, "name": n, "city": f"city {i % 4}", "address": "",
                                               "note": ""} for i, (c, n) in enumerate(sites)])  # fmt: skip
        rows = [_device(i, rng, sites, today) for i in range(devices)]
        session.execute(insert(tables.Device), rows)
        wanted = [{"product": m, "software": "software", "version": "7.1.075", "since": today} for m in MODELS[:3]]
        session.execute(insert(tables.WantedVersion), wanted)
        _parts(session, rng, moves)
        _rounds(session, rng, rounds, sites, today)
    areas = ("network", "server", "printer", "server", "monitoring", "desktop")
    return [
        Machine(f"{r['product']} {r['serial']}", names[r["customer"] - 1], sites[r["site"] - 1][1],
                areas[MODELS.index(r["product"])])
        for r in rows[: devices // 5]
    ]  # fmt: skip


def _device(i: int, rng: random.Random, sites: list[tuple[int, str]], today: date) -> dict[str, Any]:
    site, accepted = rng.randrange(len(sites)), today - timedelta(days=rng.randrange(1500))
    serial = f"SN{i:07d}"
    versions = {"software": rng.choice(VERSIONS)} if rng.random() < 0.9 else {}
    return {
        "product": MODELS[i % len(MODELS)], "serial": serial, "key": key_of(serial), "name": f"device {i}",
        "customer": sites[site][0], "site": site + 1, "contract": None, "accepted": accepted,
        "warranty_until": accepted + timedelta(days=1095), "maintained_until": accepted + timedelta(days=1825),
        "versions": versions, "versions_at": today - timedelta(days=rng.randrange(300)) if versions else None,
        "state": "in_use", "replaced_by": None, "note": "",
    }  # fmt: skip


def _parts(session: Any, rng: random.Random, moves: int) -> None:
    session.execute(insert(tables.Part), [
        {"number": f"PN-{i:05d}", "name": f"part {i}", "products": [MODELS[i % len(MODELS)]], "equals": [],
         "wear": False, "keep": False, "serialised": False, "minimum": 5} for i in range(500)])  # fmt: skip
    places = [(f"store {i}", f"city {i}", PlaceKind.COMMON) for i in range(4)] + [("vendor", "", PlaceKind.VENDOR)]
    session.execute(insert(tables.Place), [{"name": n, "city": c, "kind": str(k), "keeper": "", "phone": ""}
                                           for n, c, k in places])  # fmt: skip
    ids = list(session.scalars(select(tables.Place.id).order_by(tables.Place.id)))
    now = datetime.now(UTC)
    session.execute(insert(tables.Move), [
        {"at": now - timedelta(minutes=moves - i), "part": rng.randrange(500) + 1, "quantity": rng.randrange(1, 5),
         "source": ids[-1] if i % 2 else rng.choice(ids[:2]), "target": rng.choice(ids[2:4]), "condition": "new",
         "serial": "", "case": "", "permit": "", "reason": "", "by": "x", "key": None}
        for i in range(moves)])  # fmt: skip


def _rounds(session: Any, rng: random.Random, rounds: int, sites: list[tuple[int, str]], today: date) -> None:
    """Monthly plans, each with PER_PLAN rounds, of which nine in ten are done."""
    plans = rounds // PER_PLAN
    first = today - timedelta(days=30 * PER_PLAN)
    session.execute(insert(tables.Plan), [
        {"kind": "round", "name": f"plan {i}", "checklist": "", "customer": sites[i % len(sites)][0],
         "site": i % len(sites) + 1, "device": i + 1 if i % 2 else None, "part": "", "every": 30, "unit": "days",
         "starts": first, "ends": None, "ahead": 14, "owner": "x", "note": ""} for i in range(plans)])  # fmt: skip
    days = [first + timedelta(days=30 * n) for n in range(PER_PLAN)]
    session.execute(insert(tables.Round), [
        {"plan": plan + 1, "period": day.isoformat(), "due": day, "done": datetime.now(UTC), "by": "x", "skipped": "",
         "note": ""}
        for plan in range(plans) for day in days if rng.random() < 0.9])  # fmt: skip


if __name__ == "__main__":
    main()
