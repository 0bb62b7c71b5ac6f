"""The rival of the API: FastAPI with asyncpg, at its best: one query finds token and finished JSON.

Run by uvicorn; DATABASE_URL and the table `rival` (path, body) are made by `benchmarks.serving`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI, Request, Response

_SQL = (
    "SELECT r.body FROM rival r, accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id "
    "WHERE r.path = $1 AND t.digest = $2 AND t.revoked_at IS NULL AND u.is_active "
    "AND (t.expires_at IS NULL OR t.expires_at > now())"
)


@asynccontextmanager
async def _pool(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["RIVAL_DATABASE"], min_size=4, max_size=16) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_pool, openapi_url=None)


@app.get("/api/v1/{path:path}")
async def read(path: str, request: Request) -> Response:
    """The JSON of one address for who has a valid token."""
    token = request.headers.get("authorization", "").removeprefix("Token ")
    digest = hashlib.sha256(token.encode()).hexdigest()
    body = await request.app.state.pool.fetchval(_SQL, f"/api/v1/{path}", digest)
    if body is None:
        return Response(status_code=401)
    return Response(body, media_type="application/json")
