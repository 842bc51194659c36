"""PyTorch's side of weak scaling: DistributedDataParallel over gloo, one thread a rank.

usage: torch_ddp.py together|apart RANKS BATCH STEPS
Prints the seconds from the first step to the last of all ranks.
"""

import os
import socket
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from torch import nn


class Unit(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, before, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, filters, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(filters), nn.BatchNorm2d(filters)
        self.stride, self.more = stride, filters - before

    def forward(self, x):
        y = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        shortcut = x[:, :, :: self.stride, :: self.stride]
        return torch.relu(y + nn.functional.pad(shortcut, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2)))


def resnet_20():
    units, before = [], 16
    for stage, filters in enumerate((16, 32, 64)):
        for unit in range(3):
            units.append(Unit(before, filters, 2 if stage > 0 and unit == 0 else 1))
            before = filters
    stem = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    return nn.Sequential(*stem, *units, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 11))


def train(rank, together, ranks, batch, steps, port):
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    network = resnet_20()
    model = nn.parallel.DistributedDataParallel(network) if together else network
    images, labels = torch.rand(batch, 3, 32, 32), torch.randint(0, 11, (batch,))
    optimiser = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=1e-4)
    loss = nn.CrossEntropyLoss()

    def step():
        optimiser.zero_grad()
        loss(model(images), labels).backward()
        optimiser.step()

    for _ in range(3):
        step()
    dist.barrier()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    dist.barrier()
    if rank == 0:
        print(time.perf_counter() - start, flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    how, ranks, batch, steps = sys.argv[1], *map(int, sys.argv[2:5])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes.spawn(train, (how == "together", ranks, batch, steps, port), ranks)
