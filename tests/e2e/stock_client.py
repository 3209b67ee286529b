#!/usr/bin/env python3
"""stock_client.py hello ADDRESS NAME… | poems ADDRESS WORD… | poem ADDRESS WORD | cancel ADDRESS WORD

What stock_client.cc is, in Python: stubs of grpc_python_plugin, in the folder STUBS. The same variables, the
same output.
"""
import os
import pathlib
import sys

import grpc

sys.path.insert(0, os.environ["STUBS"])
import hello_pb2
import hello_pb2_grpc
import poems_pb2
import poems_pb2_grpc


def channel_to(address):
    if "TLS_CA" not in os.environ:
        return grpc.insecure_channel(address)
    return grpc.secure_channel(
        address, grpc.ssl_channel_credentials(pathlib.Path(os.environ["TLS_CA"]).read_bytes()))


def main():
    kind, address, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    pairs = [pair.split("=", 1) for pair in os.environ.get("METADATA", "").split(";") if pair]
    options = {"metadata": pairs, "timeout": int(os.environ.get("DEADLINE_MS", 60000)) / 1000}
    with channel_to(address) as channel:
        generator = poems_pb2_grpc.PoemGeneratorStub(channel)
        if kind == "hello":
            print(hello_pb2_grpc.HelloAllStub(channel).RunRemote(
                hello_pb2.HelloAllRequest(names=words), **options).result)
        elif kind == "poems":
            for poem in generator.RunRemote(poems_pb2.PoemGeneratorRequest(words=words), **options).result:
                print(poem)
        else:
            tokens = generator.WritePoem(poems_pb2.PoemRequest(word=words[0]), **options)
            for count, token in enumerate(tokens, 1):
                print(token.text.replace("\n", "\\n"), flush=True)
                if kind == "cancel" and count == 2:
                    tokens.cancel()


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as error:
        print(f"code {error.code().value[0]}: {error.details()}", file=sys.stderr)
        sys.exit(1)
