"""A driver: `python driver.py INPUT OUTPUT [OPTIONS AS JSON]`. It starts Ray here, and prints the progress."""

import json
import os
import sys
import time

import ray
from opper_chat.ray import run_on_ray

if __name__ == "__main__":
    requests, output, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3] if len(sys.argv) > 3 else "{}")
    for attempt in range(3):  # Ray waits 30 seconds for itself, which is not enough on a machine that is busy
        try:
            ray.init(num_cpus=4, object_store_memory=200_000_000, include_dashboard=False)
        except Exception as error:
            print(error, file=sys.stderr)
            ray.shutdown()
            if attempt == 2:
                raise
        else:
            break
    print("started", flush=True)
    begin = time.monotonic()
    try:
        progress = run_on_ray(requests, output=output, **options)
        print(json.dumps({**progress._asdict(), "wall": time.monotonic() - begin}, default=str), flush=True)
    except Exception as error:  # noqa: BLE001  # the test reads its class
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), flush=True)
    sys.stdout.flush()
    os._exit(0)
