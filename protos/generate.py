"""Generate `generated/` from the contract: messages, service stubs, types and the descriptor set.

protoc's output is kept byte for byte. Usage: `python protos/generate.py [PROTOS [GENERATED]]`.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

DESCRIPTOR_SET = Path("shopmesh/shopmesh.binpb")
OURS = ("shopmesh", "buf")
"""Packages whose modules are generated; google's are installed and only lack types."""
TYPED_ONLY = ("google",)
PLUGINS = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
"""mypy-protobuf's programs, beside the running interpreter."""


def main() -> None:
    """Generate into a temporary folder and move over only what differs."""
    arguments = [Path(argument) for argument in sys.argv[1:]]
    protos, generated = (*arguments, *(Path("protos"), Path("generated"))[len(arguments) :])
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch)
        generate(protos, output)
        for line in synchronise(output, generated):
            print(line)


def generate(protos: Path, output: Path) -> None:
    """Write everything that protoc makes of `protos` to `output`."""
    ours, typed_only = _files(protos, OURS), _files(protos, TYPED_ONLY)
    descriptor_set = output / DESCRIPTOR_SET
    descriptor_set.parent.mkdir(parents=True)
    _protoc(
        protos,
        (*ours, *typed_only),
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={descriptor_set}",
        f"--mypy_out=quiet:{output}",
    )
    _protoc(protos, ours, f"--python_out={output}")
    _protoc(
        protos,
        _with_services(descriptor_set, ours),
        f"--grpc_python_out={output}",
        f"--mypy_grpc_out=quiet:{output}",
    )
    for package in OURS:
        (output / package / "py.typed").touch()


def synchronise(source: Path, target: Path) -> Iterable[str]:
    """Make the generated packages of `target` equal to `source`, touching only what differs."""
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    present = {
        path.relative_to(target)
        for package in (*OURS, *TYPED_ONLY)
        for path in (target / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name in sorted(present - wanted):
        (target / name).unlink()
        yield f"removed {target / name}"
    for name in sorted(wanted):
        if name in present and (target / name).read_bytes() == (source / name).read_bytes():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
        yield f"wrote {target / name}"


def _files(protos: Path, packages: tuple[str, ...]) -> tuple[str, ...]:
    paths = (path for package in packages for path in (protos / package).rglob("*.proto"))
    return tuple(sorted(path.relative_to(protos).as_posix() for path in paths))


def _with_services(descriptor_set: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    described = FileDescriptorSet.FromString(descriptor_set.read_bytes())
    return tuple(file.name for file in described.file if file.service and file.name in names)


def _protoc(protos: Path, names: tuple[str, ...], *options: str) -> None:
    includes = (f"-I{protos}", f"-I{files('grpc_tools') / '_proto'}")
    plugins = (f"--plugin={Path(sys.executable).with_name(name)}" for name in PLUGINS)
    if names and protoc.main(["protoc", *includes, *plugins, *options, *names]) != 0:
        sys.exit(f"protoc refused {protos} (its message is above)")


if __name__ == "__main__":
    main()
