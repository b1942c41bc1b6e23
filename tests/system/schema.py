"""Checks records against the installed schema: the part of JSON Schema that it uses, strictly
(a member the schema does not list is a mistake)."""

import json

from harness import SOURCE

SCHEMA = json.loads((SOURCE / "host" / "cli" / "records.schema.json").read_text())
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
         "object": dict}


def mistakes_of(value, schema, path):
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{path}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is not one of {schema['enum']}")
    if "type" in schema:
        kind = TYPES[schema["type"]]
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            return found + [f"{path}: {value!r} is no {schema['type']}"]
    if isinstance(value, dict) and "properties" in schema:
        for name in schema.get("required", []):
            if name not in value:
                found.append(f"{path}: {name} is missing")
        for name, member in value.items():
            if name not in schema["properties"]:
                found.append(f"{path}: {name} is not in the schema")
            else:
                found += mistakes_of(member, schema["properties"][name], f"{path}.{name}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += mistakes_of(item, schema["items"], f"{path}[{index}]")
    return found


def mistakes(record):
    kind = record.get("type")
    if kind not in SCHEMA["$defs"]:
        return [f"$: type {kind!r} is not in the schema"]
    special = SCHEMA["$defs"][kind]
    merged = {"type": "object", "required": SCHEMA["required"] + special.get("required", []),
              "properties": {**SCHEMA["properties"], **special["properties"]}}
    return mistakes_of(record, merged, "$")
