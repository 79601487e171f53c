"""An ICE agent of another make (aioice), driven over standard input and output.

Argument: `controlling` or `controlled`. Prints one JSON line {ufrag, pwd, candidates}, reads one like it,
connects, sends 20 datagrams and expects each of them back, then prints `echoed N`.
"""

import asyncio
import json
import sys

import aioice


async def main() -> None:
    connection = aioice.Connection(ice_controlling=sys.argv[1] == "controlling")
    await connection.gather_candidates()
    print(
        json.dumps(
            {
                "ufrag": connection.local_username,
                "pwd": connection.local_password,
                "candidates": ["candidate:" + c.to_sdp() for c in connection.local_candidates],
            }
        ),
        flush=True,
    )
    remote = json.loads(sys.stdin.readline())
    connection.remote_username = remote["ufrag"]
    connection.remote_password = remote["pwd"]
    for text in remote["candidates"]:
        await connection.add_remote_candidate(aioice.Candidate.from_sdp(text.removeprefix("candidate:")))
    await connection.add_remote_candidate(None)
    await asyncio.wait_for(connection.connect(), 10)
    echoed = 0
    for index in range(20):
        datagram = bytes([128, index])
        await connection.send(datagram)
        if await asyncio.wait_for(connection.recv(), 5) == datagram:
            echoed += 1
    print(f"echoed {echoed}", flush=True)
    await connection.close()


asyncio.run(main())
