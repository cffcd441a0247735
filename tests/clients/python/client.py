"""Connects to a node's socket, lets it say something, calls one of its RPC methods, and asks for the tip of its chain."""

import asyncio
import sys
from pathlib import Path

import capnp

capnp.remove_import_hook()


async def call(schemas, socket):
    init_schema = capnp.load(str(schemas / "init.capnp"), imports=[str(schemas)])
    proxy_schema = capnp.load(str(schemas / "mp" / "proxy.capnp"), imports=[str(schemas)])

    stream = await capnp.AsyncIoStream.create_unix_connection(socket)
    init = capnp.TwoPartyClient(stream).bootstrap().cast_as(init_schema.Init)

    # All calls run on one thread of the node, which each of them names.
    threads = (await init.construct()).threadMap
    context = proxy_schema.Context.new_message()
    context.thread = (await threads.makeThread("client")).result

    echo = (await init.makeEcho(context)).result
    print("echo:", (await echo.echo(context, "hello")).result)

    rpc = (await init.makeRpc(context)).result
    request = '{"id": 1, "method": "echo", "params": ["hello"]}'
    print("rpc:", (await rpc.executeRpc(context, request, "/", "")).result.strip())

    try:
        mining = (await init.makeMining(context)).result
        tip = await mining.getTip(context)
        print("tip:", f"block {tip.result.height}" if tip.hasResult else "none yet")
    except capnp.KjException as error:
        print("no tip:", error.description)


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} DIRECTORY_OF_SCHEMAS SOCKET")
    asyncio.run(capnp.run(call(Path(sys.argv[1]), sys.argv[2])))


main()
