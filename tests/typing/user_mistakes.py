"""A user's mistakes. Every line here must be refused: an ignore that is not needed is itself an error."""

from opper_chat import Model, Opper

create = Opper(api_key="key").chat.completions.create

create(messages=[{"role": "usr", "content": "Hi"}])  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": [{"type": "img"}]}])  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], temperature="hot")  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], temprature=1)  # type: ignore  # pyright: ignore
create(model="a/b")  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}], reasoning_effort="hgih")  # type: ignore  # pyright: ignore
create(messages=[{"role": "user", "content": "Hi"}]).choices[0].message.contents  # type: ignore  # pyright: ignore

parse = Opper(api_key="key").chat.completions.parse

parse(messages=[{"role": "user", "content": "Hi"}], response_format=int).parsed.name  # type: ignore  # pyright: ignore
parse(messages=[{"role": "user", "content": "Hi"}], response_format={"type": "text"})  # type: ignore  # pyright: ignore
parse(messages=[{"role": "user", "content": "Hi"}], response_format=int, temprature=1)  # type: ignore  # pyright: ignore

Model("a", options=1)  # type: ignore  # pyright: ignore
Model("a", extra_headers={"x": 1})  # type: ignore  # pyright: ignore
Opper().span(7)  # type: ignore  # pyright: ignore
Opper().tags("search")  # type: ignore  # pyright: ignore
