# Python's websockets at both ends
# needs: /usr/lib/python3/dist-packages/websockets ss
. "$begin"
cat >"$dir/server.py" <<'END'
import asyncio, sys
import websockets
async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()
asyncio.run(main())
END
cat >"$dir/client.py" <<'END'
import asyncio, sys
import websockets
async def main():
    async with websockets.connect(f"ws://127.0.0.1:{sys.argv[1]}") as websocket:
        await websocket.send("hello river")
        print(await websocket.recv())
asyncio.run(main())
END
serve tcp /usr/bin/python3 "$dir/server.py" "$port"
ask /usr/bin/python3 "$dir/client.py" "$port"
says 'hello river'
stop
