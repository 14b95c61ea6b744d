"""A subscriber without an SDK: it greets whoever joins, and prints what the others say."""
import asyncio, json, os, secrets, sys
import websockets

async def main(link):
    # The link is the address: add /connect to its path, keep its query, change http to ws (§1.4).
    # All guests of a link are one account, so a guest takes a name that no other has (§3.2.3).
    name = "snake-" + secrets.token_hex(2)
    url = link.replace("http", "ws", 1).replace("?", "/connect?", 1) + "&stream_name=" + name

    async with websockets.connect(url, subprotocols=["ams.v1", "ams.guest"], max_size=None) as socket:
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "joined":
                print(f"joined as {name}, with {len(frame['peers'])} others", flush=True)
            elif frame["type"] == "stream_joined":
                greeting = f"welcome, {frame['stream_name']}"
                await socket.send(json.dumps({"type": "token", "data": greeting}))
            elif frame["type"] == "token":
                print(f"{frame['stream_name']}: {frame['data']!r}", flush=True)

try:
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else os.environ["AMS_LINK"]))
except KeyError:
    sys.exit("Usage: python3 examples/python-raw/python_raw.py '<magic link>'.")
except KeyboardInterrupt:
    pass
except websockets.ConnectionClosed as end:
    sys.exit(f"The conversation ended: {end.rcvd.reason if end.rcvd else 'the connection broke'}.")
except (OSError, websockets.InvalidURI, websockets.InvalidHandshake):
    sys.exit("No AMS answers at this link.")
