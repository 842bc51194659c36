"""Trains a network with PyTorch, as its own ImageNet example does, on pictures in a folder a class.

usage: torch_train.py NETWORK BATCH STEPS FOLDER
Prints images a second over the last 20 steps, or over all but the first where there are fewer.
"""

import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torchvision import datasets, models, transforms


class Unit(nn.Module):
    """Two convolutions beside a shortcut without parameters: He et al. 2015, section 4.2, option A."""

    def __init__(self, channels, filters):
        super().__init__()
        self.stride = 1 if channels == filters else 2
        self.around = (filters - channels) // 2
        self.conv1 = nn.Conv2d(channels, filters, 3, self.stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if self.around:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.around, self.around))
        return F.relu(x + y)


def resnet_20(outputs):
    stem = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    units = [Unit(channels, filters) for channels, filters in zip(widths, widths[1:])]
    return nn.Sequential(*stem, *units, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, outputs))


NETWORKS = {
    "resnet-20": (32, resnet_20),
    "alexnet": (227, lambda outputs: models.alexnet(num_classes=outputs)),
    # Without auxiliary heads and local response normalisation, whose cost only our side bears.
    "googlenet": (224, lambda outputs: models.googlenet(num_classes=outputs, aux_logits=False, init_weights=False)),
    "resnet-50": (224, lambda outputs: models.resnet50(num_classes=outputs)),
    "inception-v3": (299, lambda outputs: models.inception_v3(num_classes=outputs, aux_logits=False, init_weights=False)),
    "vgg-16": (224, lambda outputs: models.vgg16(num_classes=outputs)),
}

name, batch, steps, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
size, make = NETWORKS[name]
crop = transforms.RandomCrop(size, 4) if size == 32 else transforms.RandomResizedCrop(size)
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
stages = [crop, transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(mean, std)]
pictures = datasets.ImageFolder(folder, transforms.Compose(stages))
batches = torch.utils.data.DataLoader(pictures, batch, shuffle=True, drop_last=True, num_workers=os.cpu_count())
model = make(11)
model.train()
optimiser = torch.optim.SGD(model.parameters(), 0.001, momentum=0.9)
ends = []
while len(ends) < steps:
    for images, labels in batches:
        optimiser.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
        loss.item()
        ends.append(time.perf_counter())
        if len(ends) == steps:
            break
last = ends[-21:]
print(batch * (len(last) - 1) / (last[-1] - last[0]))
