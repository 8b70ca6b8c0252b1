# asyncio's echo over streams, in the form of its documentation
# needs: python3 ss
. "$begin"
cat >"$dir/server.py" <<'END'
import asyncio, sys
async def handle_echo(reader, writer):
    data = await reader.read(100)
    writer.write(data)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
async def main():
    server = await asyncio.start_server(handle_echo, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()
asyncio.run(main())
END
cat >"$dir/client.py" <<'END'
import asyncio, sys
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    writer.write(b"Hello World!")
    await writer.drain()
    print((await reader.read(100)).decode())
    writer.close()
    await writer.wait_closed()
asyncio.run(main())
END
serve tcp python3 "$dir/server.py" "$port"
ask python3 "$dir/client.py" "$port"
says 'Hello World!'
stop
