#!/usr/bin/env python3
"""Writes events.tfevents, by TensorBoard's own messages and writer of records: what this program writes of the same
values must have the same bytes.

Run with tensorboard 2.21 and numpy.
"""
import pathlib

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer import record_writer

here = pathlib.Path(__file__).resolve().parent


def shape(*sizes):
    dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes]
    return tensor_shape_pb2.TensorShapeProto(dim=dims)


def value(tag, plugin, data_class, tensor):
    metadata = summary_pb2.SummaryMetadata(data_class=data_class)
    metadata.plugin_data.plugin_name = plugin
    return summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=metadata)


def scalar(tag, number):
    return value(tag, "scalars", summary_pb2.DATA_CLASS_SCALAR, tensor_pb2.TensorProto(
        dtype=types_pb2.DT_FLOAT, tensor_shape=shape(), float_val=[np.float32(number)], double_val=[number]))


def strings(tag, plugin, data_class, texts, sizes):
    return value(tag, plugin, data_class, tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=shape(*sizes), string_val=texts))


histogram = np.array([[-1.5, 0.1, 3.0], [0.1, 1.75, 2.0]])
events = [
    event_pb2.Event(wall_time=1796050940.25, step=0, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=1796050941.5, step=12, summary=summary_pb2.Summary(value=[
        scalar("loss/step", 0.1), scalar("seconds/step", 1 / 3), scalar("</script>\"'é", -0.0),
    ])),
    event_pb2.Event(wall_time=1796050942.5, step=1 << 40, summary=summary_pb2.Summary(value=[
        value("weights/w", "histograms", summary_pb2.DATA_CLASS_TENSOR, tensor_pb2.TensorProto(
            dtype=types_pb2.DT_DOUBLE, tensor_shape=shape(2, 3), tensor_content=histogram.tobytes())),
        strings("config", "text", summary_pb2.DATA_CLASS_TENSOR, ["    {}\n".encode()], []),
        strings("samples", "images", summary_pb2.DATA_CLASS_BLOB_SEQUENCE, [b"2", b"1", b"\x89PNG"], [3]),
    ])),
]
with open(here / "events.tfevents", "wb") as file:
    writer = record_writer.RecordWriter(file)
    for event in events:
        data = event.SerializeToString(deterministic=True)
        # proto3 leaves out what is zero; this program writes a step all the same.
        if event.step == 0:
            data = data[:9] + b"\x10\x00" + data[9:]
        writer.write(data)
    writer.flush()
