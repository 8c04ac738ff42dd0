"""Send a message by the pydantic models that datamodel-code-generator makes of the contract: ADDRESS."""

import json
import sys
import urllib.request

from pydantic_models import ChatCompletion, ChatCompletionRequest

MESSAGES = [{"role": "user", "content": "Hi"}]

request = ChatCompletionRequest.model_validate({"messages": MESSAGES, "reasoning_effort": "a new value"})
headers = {"authorization": "Bearer key", "content-type": "application/json"}
body = request.model_dump_json(exclude_unset=True).encode()
sent = urllib.request.Request(f"{sys.argv[1]}/chat/completions", body, headers)
with urllib.request.urlopen(sent, timeout=30) as response:
    completion = ChatCompletion.model_validate_json(response.read())
choice = completion.choices[0]
print(json.dumps([choice.message.content, choice.finish_reason.root]))
