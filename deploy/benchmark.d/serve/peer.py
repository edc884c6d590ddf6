"""An exported model behind HTTP, as a Python programmer serves it: the peer of `dist-train serve`.

    peer.py uvicorn|threads MODEL.onnx PORT

`uvicorn` is an application without a framework (the fastest that uvicorn runs), `threads` is a pool of two
threads with the standard library's server. Both take {"inputs": [[…], …]} and answer with the probabilities.
"""
import json
import sys

import numpy
import onnxruntime

kind, path, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1 if kind == "uvicorn" else 2
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
first = session.get_inputs()[0]
types = {"tensor(uint8)": numpy.uint8, "tensor(float)": numpy.float32, "tensor(double)": numpy.float64}
shape = [-1] + [size for size in first.shape[1:]]


def answer(body):
    rows = numpy.asarray(json.loads(body)["inputs"], types[first.type]).reshape(shape)
    outputs = session.run(None, {first.name: rows})
    numbers = next(o for o in outputs if o.dtype in (numpy.float32, numpy.float64))
    return json.dumps({"predictions": numbers.tolist()}).encode()


def serve_threads():
    from concurrent.futures import ThreadPoolExecutor
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def do_POST(self):
            data = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

        def log_message(self, *_):
            pass

    class Server(HTTPServer):
        pool = ThreadPoolExecutor(64)
        request_queue_size = 128

        def process_request(self, request, address):
            self.pool.submit(self.finish, request, address)

        def finish(self, request, address):
            self.finish_request(request, address)
            self.shutdown_request(request)

    Server(("127.0.0.1", port), Handler).serve_forever()


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    data = answer(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})


if kind == "uvicorn":
    import uvicorn

    uvicorn.run(application, host="127.0.0.1", port=port, log_level="error", access_log=False)
else:
    serve_threads()
