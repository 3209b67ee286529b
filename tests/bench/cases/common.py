"""What every case of ./dev bench uses: its programs, and how measures take turns."""

import itertools
import os

from processes import Server, figures


class Bench:
    def __init__(self, programs, folder, rounds, seconds, megabytes=1000):
        self.programs = programs
        self.folder = folder
        self.rounds = rounds
        self.seconds = seconds
        self.megabytes = megabytes  # of the language model's weights
        self.sockets = itertools.count()

    def program(self, name):
        return os.path.join(self.programs, name)

    def unix(self, name):
        """An address that no other server has, also one of the same name."""
        return f"unix:{self.folder}/{name}-{next(self.sockets)}.sock"

    def echo_server(self, kind, listen=None, **how):
        address = listen or self.unix(f"echo-{kind}")
        if kind == "raw":
            return Server([self.program("bench-raw"), "echo", address], **how)
        return Server([self.program("bench"), "serve", "--listen", address], **how)

    def hello_server(self, kind, address=None):
        address = address or self.unix(f"hello-{kind}")
        if kind == "raw":
            return Server([self.program("bench-raw"), "hello", address])
        return Server([self.program("hello"), "serve", "--chainlets", "SayHello", "--listen",
                       address])

    def hello_all_server(self, kind, hello, address=None, **how):
        address = address or self.unix(f"hello-all-{kind}")
        if kind == "raw":
            return Server([self.program("bench-raw"), "hello-all", address, hello], **how)
        return Server([self.program("hello"), "serve", "--chainlets", "HelloAll", "--listen",
                       address, "--endpoints", f"SayHello={hello}"], **how)

    def entrypoint(self, name, hello, *more, **how):
        """HelloAll in a program that can hold the gateway, too."""
        return Server([self.program("bench-hello"), "serve", "--chainlets", "HelloAll", "--listen",
                       self.unix(name), "--endpoints", f"SayHello={hello}", *more], **how)

    def gateway(self, entrypoint):
        """The gateway in a process of its own."""
        return Server([self.program("chains-gateway"), "--listen", "127.0.0.1:0", "--no-auth",
                       "--route", f"hello/production={entrypoint}"])

    def caller(self, kind, what, address, in_flight, size, pids=(), more=()):
        """A closed loop of calls; its figures."""
        command = [self.program(f"bench-caller-{kind}"), what, address, "--in-flight", in_flight,
                   "--size", size, "--seconds", self.seconds, *more]
        for pid in pids:
            command += ["--pid", pid]
        return figures(command, 60 + 10 * self.seconds)

    def post(self, address, connections, pids=(), rate=0):
        """POSTs with three names, in a closed loop, or at `rate` a second for twice as long; its
        figures."""
        command = [self.program("bench-caller-http"), address, "--names", 3, "--connections",
                   connections, "--rate", rate, "--seconds", self.seconds * (2 if rate else 1)]
        for pid in pids:
            command += ["--pid", pid]
        return figures(command, 60 + 10 * self.seconds)

    def in_turn(self, *measures, rounds=None):
        """A B A B: the results of each measure, by round. The order turns from round to round, so
        that neither is always the first."""
        results = [[] for _ in measures]
        for turn in range(rounds or self.rounds):
            order = range(len(measures)) if turn % 2 == 0 else reversed(range(len(measures)))
            for i in order:
                results[i].append(measures[i]())
        return results


def per_second(results):
    return [result["per_second"] for result in results]


def cpu(results, processes=None):
    return [sum(result["cpu_us"] if processes is None else
                [result["cpu_us"][i] for i in processes]) for result in results]
