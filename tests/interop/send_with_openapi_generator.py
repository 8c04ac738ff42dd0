"""Send a message with the client that openapi-generator makes of the contract: ADDRESS."""

import json
import sys

import generated_by_openapi_generator as generated

REQUEST = {"messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": "a new value"}

with generated.ApiClient(generated.Configuration(host=sys.argv[1], access_token="key")) as client:
    request = generated.ChatCompletionRequest.from_dict(REQUEST)
    completion = generated.ChatApi(client).create_chat_completion(request)
choice = completion.choices[0]
print(json.dumps([choice.message.content, choice.finish_reason.actual_instance]))
