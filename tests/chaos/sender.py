"""Shopify's part: sends each webhook until it is taken, and keeps count of every answer."""

import asyncio
import heapq
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from random import Random

import httpx

from tests.chaos.messages import Message
from tests.integration.operations.processes import signed

AT_ONCE = 16
TIMEOUT = 6.0


class Sender:
    """Sends messages spread over so many seconds; what is not answered by 200 is sent again until it is.

    ``taken`` counts the answers 200 by the webhook's id, ``refused`` the answers 401; every other answer is counted in
    ``troubles`` by its status, 0 for none.
    """

    def __init__(self, port: int, messages: Sequence[Message], seconds: float, dice: Random) -> None:
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.troubles: Counter[int] = Counter()
        self._url = f"http://127.0.0.1:{port}/webhooks/shopify"
        self._dice = dice
        self._numbers = count()
        self._waiting: list[tuple[float, int, Message]] = [
            (place * seconds / len(messages), next(self._numbers), message)
            for place, message in enumerate(messages)
        ]
        self._under_way = 0
        self._hurried = 0
        self._ended = False

    @property
    def done(self) -> bool:
        """Whether everything was taken."""
        return not self._waiting and not self._under_way

    def hurry(self, most: int) -> None:
        """Send the next ``most`` messages at once, so that whatever happens now meets work."""
        self._hurried += most

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send in a thread of its own, until the end of the block at the latest."""
        thread = threading.Thread(target=asyncio.run, args=(self._send(),), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended = True
            thread.join()

    async def _send(self) -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            start = asyncio.get_running_loop().time()
            await asyncio.gather(*(self._lane(client, start) for _ in range(AT_ONCE)))

    async def _lane(self, client: httpx.AsyncClient, start: float) -> None:
        clock = asyncio.get_running_loop().time
        while not self._ended and not self.done:
            is_due = self._waiting and (self._hurried > 0 or self._waiting[0][0] <= clock() - start)
            if not is_due:
                await asyncio.sleep(0.02)
                continue
            self._hurried = max(0, self._hurried - 1)
            _, _, message = heapq.heappop(self._waiting)
            self._under_way += 1
            try:
                if not await self._is_answered(client, message):
                    again = clock() - start + self._dice.uniform(0.2, 1.5)
                    heapq.heappush(self._waiting, (again, next(self._numbers), message))
            finally:
                self._under_way -= 1

    async def _is_answered(self, client: httpx.AsyncClient, message: Message) -> bool:
        headers = signed(message.body, message.id, shop=message.shop, topic=message.topic)
        if message.fate == "refused":
            headers["X-Shopify-Hmac-Sha256"] = "Zm9yZ2Vk"
        try:
            answer = await client.post(self._url, content=message.body, headers=headers)
        except httpx.HTTPError:
            self.troubles[0] += 1
            return False
        if answer.status_code == 200:
            self.taken[message.id] += 1
            return True
        if answer.status_code == 401:
            self.refused[message.id] += 1
            return message.fate == "refused"
        self.troubles[answer.status_code] += 1
        return False
