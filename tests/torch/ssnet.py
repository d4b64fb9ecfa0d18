"""
ssnet - the networks, heads and losses of sstools, written in plain PyTorch

This is the independent oracle of the tests and the rival of the bench: it shares no line with
the C code and is never needed to build or run it.  Everything is the textbook definition with
PyTorch's default initialisation; parameter names are torchvision's.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2023, 0.1994, 0.2010)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; the shortcut is option A or B of He et al. 2015, section 4.2."""

    def __init__(self, cin, cout, stride, option):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.stride = stride
        self.extra = cout - cin
        self.downsample = None
        if option == "B" and (stride != 1 or cin != cout):
            self.downsample = nn.Sequential(
                nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.downsample is not None:
            x = self.downsample(x)
        elif self.stride != 1 or self.extra:    # option A: subsample, append zero channels
            x = x[:, :, ::self.stride, ::self.stride]
            x = F.pad(x, (0, 0, 0, 0, 0, self.extra))
        return F.relu(x + y)


class ResNet(nn.Module):
    """CIFAR ResNet: 3x3 stem without pooling, stages of basic blocks, global average."""

    def __init__(self, widths, counts, option):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.stages = len(widths)
        cin = widths[0]
        for s, (width, count) in enumerate(zip(widths, counts)):
            blocks = []
            for b in range(count):
                blocks.append(BasicBlock(cin, width, 2 if s > 0 and b == 0 else 1, option))
                cin = width
            setattr(self, "layer%d" % (s + 1), nn.Sequential(*blocks))
        self.features = cin

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for s in range(self.stages):
            x = getattr(self, "layer%d" % (s + 1))(x)
        return x.mean((2, 3))


def resnet(arch):
    """The family of sstools' networks by name."""
    he = {"resnet8": 1, "resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9}
    wide = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}
    if arch in he:
        return ResNet((16, 32, 64), (he[arch],) * 3, "A")
    if arch not in wide:
        return photographs(arch)
    return ResNet((64, 128, 256, 512), wide[arch], "B")


def photographs(arch):
    """torchvision's network of resnetN-imagenet; resnet50-keras has its strides and biases elsewhere."""
    import torchvision
    name, kind = arch.split("-")
    net = getattr(torchvision.models, name)()
    net.features = net.fc.in_features
    net.fc = nn.Identity()
    if kind == "keras":
        for layer in (net.layer2, net.layer3, net.layer4):
            first = layer[0]
            first.conv1.stride, first.conv2.stride = first.conv2.stride, first.conv1.stride
        for m in net.modules():
            if isinstance(m, nn.Conv2d):
                bound = m.weight[0].numel() ** -0.5
                m.bias = nn.Parameter(torch.empty(m.out_channels).uniform_(-bound, bound))
    return net


class SimSiam(nn.Module):
    def __init__(self, backbone, hidden=2048, out=2048, bottleneck=512):
        super().__init__()
        self.backbone = backbone
        self.projector = nn.Sequential(
            nn.Linear(backbone.features, hidden), nn.BatchNorm1d(hidden), nn.ReLU(),
            nn.Linear(hidden, out), nn.BatchNorm1d(out, affine=False))
        self.predictor = nn.Sequential(
            nn.Linear(out, bottleneck), nn.BatchNorm1d(bottleneck), nn.ReLU(),
            nn.Linear(bottleneck, out))

    def forward(self, x1, x2):
        """Two separate passes, so each view has batch statistics of its own."""
        z1 = self.projector(self.backbone(x1))
        p1 = self.predictor(z1)
        z2 = self.projector(self.backbone(x2))
        p2 = self.predictor(z2)
        return simsiam_loss(p1, p2, z1, z2), z1


class SimCLR(nn.Module):
    def __init__(self, backbone, hidden=512, out=128, tau=0.5):
        super().__init__()
        self.backbone = backbone
        self.projector = nn.Sequential(
            nn.Linear(backbone.features, hidden), nn.BatchNorm1d(hidden), nn.ReLU(),
            nn.Linear(hidden, out))
        self.tau = tau

    def forward(self, x1, x2):
        z1 = self.projector(self.backbone(x1))
        z2 = self.projector(self.backbone(x2))
        return nt_xent_loss(z1, z2, self.tau), z1


def simsiam_loss(p1, p2, z1, z2):
    """L = 1/2 D(p1, sg z2) + 1/2 D(p2, sg z1), D the negative mean cosine."""
    def d(p, z):
        return -(F.normalize(p, dim=1) * F.normalize(z.detach(), dim=1)).sum(1).mean()
    return 0.5 * d(p1, z2) + 0.5 * d(p2, z1)


def nt_xent_loss(z1, z2, tau, decoupled=False):
    """Mean over the 2N anchors; decoupled (DCL): the positive is not in the denominator."""
    n = len(z1)
    u = F.normalize(torch.cat((z1, z2)), dim=1)
    s = u @ u.t() / tau
    i = torch.arange(2 * n)
    pos = (i + n) % (2 * n)
    out = torch.eye(2 * n, dtype=torch.bool)
    if decoupled:
        out = out.clone()
        out[i, pos] = True
    return (torch.logsumexp(s.masked_fill(out, float("-inf")), 1) - s[i, pos]).mean()


def normalise(u8):
    """u8 (N,C,H,W) to float, standardised per channel as the recipe does it."""
    dtype = torch.get_default_dtype()
    x = u8.to(dtype) / 255
    return (x - torch.tensor(MEAN, dtype=dtype).view(1, 3, 1, 1)) \
        / torch.tensor(STD, dtype=dtype).view(1, 3, 1, 1)
