#!/usr/bin/env python3
"""Writes the seeds of Tests/Fuzzing/Corpus.

Each target has a few small inputs that are read (`read-…`) and some that are refused. Names with `found` are
inputs that once failed. The formats are implemented here a second time, from their descriptions, without the
program's own writers.
"""
import gzip
import hashlib
import json
import pathlib
import struct

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
readers = root / "Tests/Fixtures/readers"


def seed(target, name, data):
    if isinstance(data, str):
        data = data.encode()
    path = here / "Corpus" / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def packed(data):
    return gzip.compress(data, mtime=0)


def part(data):
    return struct.pack("<H", len(data)) + data


# Configs
seed("json5", "read-all", "// é\n{name: 'a\\u00e9\\uD83D\\uDE00\\x41\\\n b',"
     " \"k\": [1, -0x1F, +.5e-3, NaN, -Infinity, true, null, {}],"
     " /* c */ $x: {y: [[]]}, \\u0061: 2.}\n")
seed("json5", "read-numbers",
     "[0, -0, 1e308, 5e-324, 0xfFfF, 18446744073709551615, -9223372036854775808, 1.0, .5, 5.]")
seed("json5", "mistakes", "{a: 1, a: 2 b: [1 2 3], c: 01, ")
seed("json5", "deep", "[" * 80)
tree = '{optimizer: {adam: {learning_rate: 1}}, model: [{dense: 3}, "relu"]}'
for name, option in [("read-number", "optimizer.adam.learning_rate=3e-4"),
                     ("read-element", "model.0.dense={a: [1]}"), ("read-new", "a.b.c=text"),
                     ("no-element", "model.9=1"), ("empty", "a..b=1")]:
    seed("override", name, part(option.encode()) + tree.encode())
for config in ["digits-mlp", "digits-cnn", "cifar10-inception", "digits-kmeans", "digits-zca", "multi-label",
               "logistic-regression"]:
    seed("job", "read-" + config, (root / "config" / (config + ".json5")).read_bytes())
small = ('{data: {train: {builtin: "digits"}}, loss: "cross_entropy", optimizer: {adam: {learning_rate: 1}},'
         ' batch: {size: 8}, epochs: 1, ')
seed("job", "read-blocks", small + 'define: {b: {parameters: {f: null, s: 1}, layers: ['
     '{residual: [{conv: "$f * 2", kernel: 3, stride: "$s"}],'
     ' shortcut: "auto", activation: "relu"}]}}, model: [{use: "b", f: 2, s: 2, repeat: 2},'
     ' {branches: [[{conv: 1}], [{max_pool: 3, stride: 1,'
     ' padding: 1}]]}, {repeat: 2, layers: ["relu"]}, "global_average_pool", {dropout: 0.5}, {dense: 10}]}')
seed("job", "read-preset", small + 'model: [{preset: "lenet5", classes: 10}]}')
# The receptive field overflowed.
seed("job", "read-found-strides",
     small + "model: [" + "{conv: 1, kernel: 1, stride: 4096}, " * 8 + '"flatten", {dense: 10}]}')
# The size of a batch's activations overflowed.
seed("job", "read-found-activations", small.replace("{size: 8}", '{size: "all"}')
     + 'model: [{repeat: 100, layers: [{conv: 64}]}, "flatten", {dense: 10}]}')
# Wrong elements did not count towards the limit.
seed("job", "found-repeated-mistakes",
     small + 'model: [{repeat: 10000, layers: [{repeat: 10000, layers: ["reluu"]}]}]}')

# Data
images = struct.pack(">BBBBIII", 0, 0, 8, 3, 4, 2, 3) + bytes(range(24))
labels = struct.pack(">BBBBI", 0, 0, 8, 1, 4) + bytes([0, 2, 1, 2])
floats = struct.pack(">BBBBII", 0, 0, 0x0D, 2, 4, 2) + struct.pack(">8f", *[0.5 * i for i in range(8)])
seed("idx", "read-bytes", part(images) + labels)
seed("idx", "read-floats", part(floats) + labels)
seed("idx", "read-gzip", part(packed(images)) + packed(labels))
seed("idx", "truncated", part(images[:-1]) + labels)
seed("idx", "bomb", part(packed(struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2, 3) + bytes(100_000))) + labels)


def npy(type, shape, data, fortran=False):
    sizes = ", ".join(map(str, shape))
    header = "{'descr': '%s', 'fortran_order': %s, 'shape': (%s,), }" % (type, fortran, sizes)
    header = header.ljust(53).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + part(header) + data


for name in ["f2-big", "f4-little", "f8-big", "i2-little", "u1-little", "b1-little", "u8-big",
             "objects", "records", "text"]:
    data = (readers / "npy" / (name + ".npy")).read_bytes()
    seed("npy", name if name in ("objects", "records", "text") else "read-" + name, bytes([1]) + part(data))
table = npy("<f4", [3, 2], struct.pack("<6f", 1, 2, 3, 4, 5, 6))
seed("npy", "read-classes", bytes([0]) + part(table) + npy("<i8", [3], struct.pack("<3q", 0, 1, 2)))
seed("npy", "read-values-gzip",
     bytes([0]) + part(packed(table)) + packed(npy("<f8", [3, 1], struct.pack("<3d", 0, 1, 2))))
seed("npy", "read-planar-fortran", bytes([3]) + part(npy("|u1", [2, 3, 2, 2], bytes(range(24)), True)))
# The number of classes is the largest label + 1, which overflowed.
seed("npy", "found-greatest-class",
     bytes([0]) + part(table) + npy("<i8", [3], struct.pack("<3q", 0, 1, 2**63 - 1)))

text = (readers / "table.csv").read_bytes()[:600].rsplit(b"\n", 1)[0] + b"\n"
seed("csv", "fixture", bytes([0, 0]) + text)
seed("csv", "read-classes", bytes([0, 1]) + b"x,c,y\n1,a,no\n2.5,b,yes\n-3e2,a,no\n")
seed("csv", "read-mean", bytes([32, 1 + 8]) + b"x,c,y\n1,a,1\n,b,2\n3,NA,3.5\n")
seed("csv", "read-drop-semicolon",
     bytes([2 + 16, 0]) + b'\xef\xbb\xbfx;c\r\n"1";"a;""b"""\r\n\r\n;x\r\n2;\xc3\xbc\r\n')
seed("csv", "read-no-header-tab", bytes([1 + 4, 0]) + b"1\t2\n3\t4\n")
seed("csv", "read-gzip", bytes([0, 1]) + packed(b"x,y\n" + b"1,2\n2,3\n" * 100))
# Two spellings of one number made one class of two.
seed("csv", "read-found-spellings",
     bytes([0, 1 + 4]) + b"x,y\n1,99999999999999999\n2,+99999999999999999\n3,7\n")
record = bytes([3]) + bytes(i * 7 % 256 for i in range(3072))
seed("cifar", "read-ten", bytes([0]) + packed(record + bytes(3073)))
seed("cifar", "read-hundred", bytes([1]) + packed(bytes([19, 99]) + bytes(3072)))
seed("cifar", "class", bytes([0]) + packed(bytes([10]) + bytes(3072)))
for file in sorted((readers / "images").iterdir()):
    if file.suffix.lower() in (".png", ".jpg", ".jpeg") and file.stat().st_size < 600:
        seed("image", file.name if ".bad" in file.name else "read-" + file.name, file.read_bytes())
pictures = readers.parent / "pictures"
for name in ["orientation6-long.jpg", "orientation3.png", "rgba16.png", "grey4-transparent.png", "profile-p3.jpg",
             "profile-p3.png", "cicp-pq.png", "two-pictures.jpg", "animated.png", "ycck.jpg", "arithmetic.jpg"]:
    seed("image", "read-" + name, (pictures / name).read_bytes())


def dataset(element, shape, count, targets, width, names, features, values):
    def aligned(data):
        return data + bytes(-len(data) % 64)

    body = aligned(b"".join(struct.pack("<I", len(n)) + n for n in names))
    body += aligned(features) + aligned(values)
    size = sum(4 + len(n) for n in names)
    head = b"DTRAINDS" + struct.pack(
        "<IIQIIQQQQ", 1, element, count, len(shape), targets, width, size, 128 + len(body), 0)
    return head + struct.pack("<8Q", *(list(shape) + [0] * (8 - len(shape)))) + body


seed("dataset", "read-classes", dataset(
    1, [2, 3, 1], 2, 1, 2, [b"a", b"\xc3\xbc"], bytes(range(12)), struct.pack("<2i", 0, 1)))
seed("dataset", "read-values",
     dataset(2, [2], 2, 2, 1, [], struct.pack("<4f", 1, 2, 3, 4), struct.pack("<2f", 5, 6)))
seed("dataset", "read-none", dataset(2, [1], 3, 3, 0, [], struct.pack("<3f", 1, 2, 3), b""))
seed("dataset", "label", dataset(1, [1], 2, 1, 2, [b"a", b"b"], bytes(2), struct.pack("<2i", 0, 2)))

# Tokenizers: a text, and the file
texts = root / "Tests/Fixtures/text"
for name in ["llama3", "added", "metaspace"]:
    tree = json.loads((texts / f"{name}.json").read_text())
    model = tree["model"]
    keep = {token["content"] for token in tree["added_tokens"]} | {"<unk>", "<0xC3>", "<0xA9>"}
    short = [token for token in model["vocab"] if len(token) == 1 or token in keep][:60]
    model["vocab"] = {token: id for id, token in enumerate(short)}
    model["merges"] = []
    for left, right in [("t", "h"), ("a", "n")]:
        if left in model["vocab"] and right in model["vocab"]:
            model["vocab"][left + right] = len(model["vocab"])
            model["merges"].append([left, right])
    ids = dict(model["vocab"])
    for token in tree["added_tokens"]:
        token["id"] = ids.setdefault(token["content"], len(ids))
    seed("tokenizer", "read-" + name, part(" the é <s>foo bar an\n".encode())
         + json.dumps(tree, ensure_ascii=False).encode())
seed("tokenizer", "read-bytes", part(b"a\xff") + b'{"tokenizer":"bytes","end":true}')
seed("tokenizer", "read-characters",
     part("né".encode()) + '{"tokenizer":"characters","end":false,"characters":"né"}'.encode())
seed("tokenizer", "read-words", part(b"The end") + b'{"tokenizer":"words","words":["the","."]}')
seed("tokenizer", "model", part(b"") + b'{"model":{"type":"Unigram","vocab":[]}}')


# Checkpoints
def safetensors(header, data=b""):
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    text += b" " * (-(8 + len(text)) % 8)
    return struct.pack("<Q", len(text)) + text + data


seed("safetensors", "read-reference", (root / "Tests/Fixtures/checkpoints/small.safetensors").read_bytes())
types = [("F64", 8), ("I64", 8), ("F32", 4), ("I32", 4), ("F16", 2), ("BF16", 2), ("U8", 1)]
header, place = {"__metadata__": {"format": "pt"}}, 0
for type, size in types:
    header[type.lower()] = {"dtype": type, "shape": [1, 2], "data_offsets": [place, place + 2 * size]}
    place += 2 * size
seed("safetensors", "read-types", safetensors(header, bytes(range(place))))
seed("safetensors", "hole", safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', b"ab"))
# An empty tensor with a size that no memory holds. Whether the product overflows depends on the order.
seed("safetensors", "found-empty",
     safetensors({"a": {"dtype": "F32", "shape": [2**61, 0], "data_offsets": [0, 0]}}))

seed("shards", "read-two", json.dumps({
    "metadata": {"total_size": 12},
    "weight_map": {"resnet.encoder.stages.2.layers.0.layer.1.convolution.weight": "a-00001-of-00002.safetensors",
                   "classifier.1.bias": "a-00002-of-00002.safetensors", "fc.weight": "b", "": "c"}}))
seed("shards", "none", '{"weight_map": {}}')
seed("shards", "outside", '{"weight_map": {"a": "../a"}}')
seed("shards", "number", '{"weight_map": {"a": 3}}')

empty = safetensors("{}")
checksum = hashlib.sha256(empty).hexdigest()
job = small + 'model: ["flatten", {dense: 10}]}'
state = {
    "data": "ab12", "normalization": {"kind": "z_score", "shift": [0.1], "factor": [2]},
    "class_names": [str(i) for i in range(10)],
    "epoch_totals": [0.25, 8], "platform": "x86_64-Zen-1", "exact": True,
    "decisions": {"early_stopping": {"best": 0.5, "step": 3, "waited": 1},
                  "plateau": {"best": None, "step": 0, "waited": 0}, "factor": 1,
                  "best": {"best": None, "step": 0, "waited": 0}, "best_monitor": "validation.loss",
                  "is_over": False},
    "job": job, "table": None, "sample_shape": [8, 8, 1], "target_width": None, "train_count": 1437,
}


def manifest(state, files=None):
    if files is None:
        files = {n + ".safetensors": {"size": len(empty), "sha256": checksum} for n in ("model", "optimizer")}
    value = {"checksum": "0" * 64, "format": "dist-train checkpoint", "version": 1, "step": 7, "files": files,
             "state": state}
    return json.dumps(value, ensure_ascii=False)


seed("manifest", "read-images", manifest(state))
columns = {"format": {"header": True, "delimiter": ",", "missing": ["", "NA"]}, "on_missing": "mean",
           "columns": [{"name": "x", "fill": 0.5}, {"name": "c", "categories": ["a", "b"], "fill": 1}],
           "target": {"columns": ["y"], "classes": ["no", "yes"]}}
seed("manifest", "read-table", manifest({
    **state, "table": columns, "sample_shape": [3], "class_names": ["no", "yes"],
    "normalization": {"kind": "min_max", "shift": [0, 0, 1], "factor": [1, 1, 2]},
    "job": job.replace('"flatten", {dense: 10}', "{dense: 2}")}))
seed("manifest", "checksum", manifest(state).replace("0" * 64, "1" * 64))
# A slash and a combining mark are one character.
seed("manifest", "found-slash", manifest(state, {"../\u0301x": {"size": 0, "sha256": checksum}}))

# Frames in the format of FrameScript: sizes of four reads, then records
frame = struct.pack("<BBHHB", 5, 1, 9, 2, 0)
seed("frames", "read-whole", struct.pack("<4H", 65535, 65535, 65535, 65535) + b"".join(
    bytes([2]) + frame + part(bytes(range(n))) for n in (0, 1, 200)))
seed("frames", "read-bytewise", struct.pack("<4H", 0, 0, 46, 2) + bytes([2]) + frame + part(b"hello")
     + bytes([3]) + frame + struct.pack("<H", 40_007))
seed("frames", "damaged", struct.pack("<4H", 99, 9, 999, 47) + bytes([2]) + frame + part(b"a")
     + bytes([1]) + frame + part(b"bcd") + struct.pack("<H", 400))
seed("frames", "raw", struct.pack("<4H", 9, 9, 9, 9) + bytes([2]) + frame + part(b"a")
     + bytes([0]) + part(b"GET / HTTP/1.1\r\n\r\n"))
seed("handshake", "read-honest", bytes(16))
for name, script in [("flipped", bytes([0, 0, 2, 7, 0, 3])), ("other", bytes([1]) + part(b"\x01" * 40)),
                     ("kind", bytes([0, 3, 0xF3])),
                     ("longer", bytes([0, 4]) + struct.pack("<H", 60) + part(b"abc"))]:
    seed("handshake", name, script)


# Messages
def string(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def listed(items):
    return struct.pack("<I", len(items)) + b"".join(items)


# The first byte chooses: 0 a greeting; 1 a frame to the coordinator, 2 to a worker, 3 a heartbeat, 4 its
# answer.
endpoint = string("10.0.0.7") + struct.pack("<H", 40_001)
seed("messages", "read-join", b"\0\1" + string("größer/12") + string("größer") + struct.pack("<q", 8)
     + string("Zen") + b"\1" + listed([endpoint] * 2) + struct.pack("<H", 7) + b"\0")
seed("messages", "read-join-of-a-job", b"\0\1" + string("a/1") + string("a") + struct.pack("<q", 1)
     + string("Zen") + b"\0" + listed([]) + struct.pack("<H", 7) + b"\1" + string("slurm-12.0"))
seed("messages", "read-heartbeat-purpose", b"\0\2" + struct.pack("<q", 3))
seed("messages", "read-doctor-purpose", b"\0\4")
seed("messages", "read-mesh", b"\0\3" + string("abc") + struct.pack("<IIqqB", 3, 9, 4, 1, 1))


def message(direction, name, kind, payload=b"", step=0, index=0, detail=0, flags=0, is_read=True):
    head = struct.pack("<BBBQIQ", direction, kind, flags, step, index, detail)
    where = ["", "to-coordinator-", "to-worker-", "", "", "probe-"][direction]
    seed("messages", ("read-" if is_read else "") + where + name, head + payload)


def integers(*values):
    return struct.pack("<%dq" % len(values), *values)


def doubles(*values):
    return struct.pack("<%dd" % len(values), *values)


floats = struct.pack("<3f", 1, -0.0, 2.5)
far = 3 * 2**32 + 5
message(1, "prepared", 17, listed([string("a") + string("b")]))
message(1, "fetch", 19, integers(1, far))
message(1, "connected", 24)
message(1, "unreachable", 25, integers(2) + string("no route to größer"))
message(1, "suspected", 28, integers(0) + string(""))
message(1, "step-report", 30, integers(2**40) + doubles(1.25) + listed([doubles(x) for x in (1, -0.0, 3)]))
message(1, "snapshot", 31, floats, step=2**40, index=7, detail=far)
message(1, "evaluation", 32, b"\2" + integers(8, 1) + listed([doubles(x) for x in (0.5, 2)]))
message(1, "generation-ended", 33)
message(1, "failed", 36, string("no room") + b"\0")
message(1, "failed-diverged", 36, string("not finite") + b"\1" + integers(7))
message(1, "leaving", 37)
message(1, "timing", 42, doubles(-0.5) + integers(3) + listed(
    [struct.pack("<BqdddI", kind, step, 1, 2, 0.5, 0) for step in range(3) for kind in range(1, 7)]))
message(1, "contributions", 44, integers(17) + listed([struct.pack("<Q", n << 60) for n in range(6)]))
message(1, "audit", 45, integers(17, 1) + listed([struct.pack("<Q", n << 60) for n in range(3)])
        + struct.pack("<QQ", 5, 6))
message(2, "welcome", 16, integers(7) + string("{}") + string("0123") + string("Haswell") + string("z_score")
        + listed([struct.pack("<f", 1.5)]) + listed([struct.pack("<f", 2)])
        + listed([bytes([0]) + struct.pack("<I", 32) + bytes(32) + integers(1 << 30)]) + doubles(0.25))
message(2, "refused", 18, string("its arithmetic differs"))
message(2, "chunk", 20, bytes(range(7)), index=1, detail=far)
message(2, "form", 21, struct.pack("<IIq", 1, 9, 1) + listed(
    [integers(n) + string("w") + listed([endpoint]) for n in (3, 5)])
    + listed([integers(n) for n in (0, 3, 8)])
    + listed([integers(n % 2) for n in range(64)]) + struct.pack("<qqdBq", 1 << 33, 2, 1, 0, 4)
    + b"\1" + struct.pack("<II", 1, 8) + b"\1" + doubles(0.25) + b"\1" + integers(17))
message(2, "state", 22, floats, index=2, detail=far)
message(2, "state-complete", 23)
message(2, "dial", 26, integers(2))
message(2, "start", 27)
message(2, "request", 29, struct.pack("<I", 5))
message(2, "end-generation", 34, string("rank 2 is gone"))
message(2, "finish", 35, string("the end"))
message(2, "decision", 38, integers(2**40) + doubles(0.5) + b"\1")
message(2, "join-again", 39, string("another job follows"))
message(2, "snapshot-complete", 43, integers(2**40))
message(2, "run-failed", 46, string("no worker is left"))
message(2, "spare", 47, string("1 microbatch"))
message(3, "heartbeat", 40, b"\3" + integers(9) + doubles(1.25) + struct.pack("<QQQQ", 1 << 40, 0, 5, 1 << 20))
message(4, "heartbeat-answer", 41, doubles(1.5, -2))
message(5, "echo", 48, bytes(range(9)))
message(5, "ask", 49, listed([endpoint]))
message(5, "answer", 50, string("x86_64-Zen-f516") + listed([string("w") + listed([endpoint])]) + string(""))
message(1, "not-its-header", 24, index=1, is_read=False)
message(1, "control-characters", 36, string("a\nb") + b"\0", is_read=False)
message(2, "no-floats", 22, bytes(5), is_read=False)

# Requests over HTTP: four bytes say how they are cut
cuts = bytes([0, 6, 99, 30])
get = (b"GET /a%20b/%C3%A9?x=1&y=%26+z&flag HTTP/1.1\r\nHost: localhost:7071\r\n"
       b"Cookie: dist-train-7071=5a\r\n\r\n")
post = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
counted = post + b"Content-Length: 8\r\n\r\nx,y\n1,2\n"
chunked = post + b"Transfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\nA;n=v\r\n0123456789\r\n0\r\nX: 1\r\n\r\n"
seed("http_request", "read-get", cuts + get)
seed("http_request", "read-pipelined",
     cuts + counted + chunked + get + b"HEAD http://a:1/?q HTTP/1.0\r\n\r\n")
seed("http_request", "read-part", cuts + counted[:-3])
for name, text in [("folded", get[:-4] + b"\r\n folded: 1\r\n\r\n"),
                   ("line-feed", get.replace(b"\r\n", b"\n")),
                   ("two-lengths", counted.replace(b"Host", b"Content-Length: 8\r\nHost")),
                   ("both-lengths", chunked.replace(b"Host", b"Content-Length: 8\r\nHost")),
                   ("long-body", post + b"Content-Length: 4096\r\n\r\n"),
                   ("long-chunk", chunked.replace(b"A;n=v", b"FFFFFFFF")),
                   ("no-host", b"GET / HTTP/1.1\r\n\r\n"), ("version", b"GET / HTTP/2.0\r\n\r\n"),
                   ("nul", b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n")]:
    seed("http_request", name, cuts + text)

# Lists of nodes: read ones, and others
for name, text in [("read-one", "n1"), ("read-ranges", "n[001-003,7],x"), ("read-brackets", "a[1-2]b[3-4]"),
                   ("read-domain", "rack0[08-10]-gpu[2,4].example.org,::1"), ("empty", ""), ("open", "n[1"),
                   ("comma", "n1,"), ("nested", "n[[1]]"), ("digits", "n[1234567890123456789]"),
                   ("blank", "n 1"), ("long", "a" * 254)]:
    seed("nodes", name, text)

# Event files of TensorBoard
def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(content):
    length = struct.pack("<Q", len(content))
    return length + masked(length) + content + masked(content)


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def board_value(tag, plugin, tensor):
    return field(1, field(1, tag) + field(9, field(1, field(1, plugin))) + field(8, tensor))


version = field(1, 1e9) + field(3, b"brain.Event:2")
scalar = board_value(b"loss/step", b"scalars", field(1, 1) + field(2, b"")
                     + field(5, struct.pack("<f", 0.1)) + field(6, struct.pack("<d", 0.1)))
histogram = board_value(b"weights/w", b"histograms",
                        field(1, 2) + field(2, field(2, field(1, 1)) + field(2, field(1, 3)))
                        + field(4, struct.pack("<ddd", 0, 1, 5)))
text = board_value(b"config", b"text", field(1, 7) + field(2, b"") + field(8, b"    {}"))
image = board_value(b"samples", b"images", field(1, 7) + field(2, field(2, field(1, 3)))
                    + field(8, b"2") + field(8, b"1") + field(8, b"\x89PNG"))
step = field(1, 1e9) + field(2, 7) + field(5, scalar + histogram + text + image)
seed("events", "read-file", b"\0" + record(version) + record(step))
seed("events", "read-torn", b"\0" + record(version) + record(step)[:-3])
seed("events", "read-content", b"\1" + step)
seed("events", "read-simple-value", b"\1" + field(2, -1) + field(5, field(1, field(1, b"x") + varint(21)
                                                                     + struct.pack("<f", 1))))
seed("events", "read-other-plugin", b"\1" + field(5, board_value(b"x", b"hparams", field(1, 1))))
seed("events", "wrong-checksum", b"\0" + record(version)[:-1] + b"\0")
seed("events", "wrong-length", b"\0" + record(version)[:8] + b"\0\0\0\0" + record(version)[12:])
seed("events", "shape", b"\1" + field(5, board_value(
    b"weights/w", b"histograms", field(1, 2) + field(2, field(2, field(1, 1 << 62)) + field(2, field(1, 3)))
    + field(4, struct.pack("<ddd", 0, 1, 5)))))
seed("events", "cut", b"\1" + step[:-2])

# The hosts of `run --hosts` (the first byte is even), and what a host's shell prints
for name, text in [
        ("read-names", "a,bob@node-1.lan:2222, al@corp.example@b"),
        ("read-addresses", "[::1],fd00::7,e@[::2]:22"),
        ("option", "a,-oProxyCommand=id"), ("twice", "a,b,a"), ("empty", "a,,b"), ("shell", "a;id"),
        ("port", "a:65536"), ("bracket", "[::1"), ("many", ",".join(f"n{i}" for i in range(257)))]:
    seed("hosts", name, b"\0" + text.encode())
seed("hosts", "read-answers", b"\1hello\ndist-train-host: need Linux x86_64\ndist-train-host: ready a:1\n"
     b"dist-train-host: unfit /p 126 no\ndist-train-host: unwritable\ndist-train-host:\n\xff")

# Requests of `serve`: the first byte is the model (0 to 3) + 4 * the type (JSON, CSV, picture, none)
def request(name, model, type, body):
    seed("serve", name, bytes([model + 4 * type]) + (body if isinstance(body, bytes) else body.encode()))


request("read-list", 0, 0, '{"inputs": [[1, 2.5, -3e-2, 0], [1e3, 0.1, 7, 8]]}')
request("read-image", 1, 0, '{"inputs": [[[[1], [2]], [[3], [4]]]]}')
request("read-grey", 1, 3, ' {"inputs": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}')
request("read-rows", 3, 0,
        '{"inputs": [[1, "cook", 2], {"time": 3, "job": null, "age": "4", "label": [{}]}]}')
request("read-table", 3, 1, 'time,job,age\n101,cook,7\n102.5,"é",\n')
request("read-some-table", 3, 3, 'job,age,time\nclerk,1e1,2\n')
request("read-picture", 2, 2, (root / "Tests/Fixtures/pictures/cicp-srgb.png").read_bytes())
for name, model, type, body in [
        ("short-list", 0, 0, '{"inputs": [[1, 2, 3]]}'), ("long-list", 0, 0, '{"inputs": [[1, 2, 3, 4, 5]]}'),
        ("nan", 0, 0, '{"inputs": [[1, 2, 3, NaN]]}'), ("large", 0, 0, '{"inputs": [[1, 2, 3, 1e99]]}'),
        ("no-inputs", 0, 0, "{}"), ("category", 3, 1, "age,job,time\n1,baker,2\n"),
        ("no-column", 3, 0, '{"inputs": [{"age": 1}]}'), ("cut", 3, 0, '{"inputs": [[1, "co'),
        ("no-picture", 2, 2, b"\x89PNG\r\n\x1a\n"), ("packed", 3, 1, packed(b"age,job,time\n1,cook,2\n"))]:
    request(name, model, type, body)

# Requests of `serve` for texts.
for name, body in [
        ("read-empty", "{}"),
        ("read-all", '{"model": "m", "prompt": "To \\u00e9\\n", "max_tokens": 20, "temperature": 0.5, "top_p": 1,'
         ' "top_k": 3, "n": 2, "stop": ["a", "\\n\\n"], "seed": -4, "stream": true, "user": "u",'
         ' "frequency_penalty": 0, "presence_penalty": 0.0, "echo": false, "logprobs": null}'),
        ("read-stop", ' {"stop":"é","prompt":"","stream":false} '), ("read-no-stop", '{"stop": []}'),
        ("twice", '{"n": 1, "n": 1}'), ("list", '{"prompt": ["a", "b"]}'), ("tokens", '{"max_tokens": 1e9}'),
        ("fraction", '{"max_tokens": 1.5}'), ("texts", '{"n": 5}'), ("stops", '{"stop": ["a","b","c","d","e"]}'),
        ("empty-stop", '{"stop": ""}'), ("unknown", '{"logit_bias": {"5": 1}}'), ("echo", '{"echo": true}'),
        ("penalty", '{"frequency_penalty": 0.1}'), ("cut", '{"prompt": "a'), ("behind", "{} {}"),
        ("no-object", '"a"')]:
    seed("completion", name, body.encode())

# Three blocks of 1,024 floats of a gradient: a word of bits for each, then 16 floats for each bit.
floats = struct.pack("<16f", *range(16))
seed("packed", "read-empty", b"")
seed("packed", "read-few", struct.pack("<3Q", 1 << 63, 0, 5) + 3 * floats)
seed("packed", "read-block", struct.pack("<3Q", 0, 2**32 - 1, 1) + 33 * floats)
seed("packed", "words-alone", struct.pack("<3Q", 0, 0, 0))
seed("packed", "too-few", struct.pack("<3Q", 7, 0, 0) + 2 * floats)
seed("packed", "too-many", struct.pack("<3Q", 7, 0, 0) + 4 * floats)
seed("packed", "cut", struct.pack("<3Q", 1, 0, 0) + floats[:-4])
