"""Base families and the forward pass with token reduction and two scales.

Parameters are named as in timm (DeiT, DeiT-III, ViT) and TokenLabeling (LV-ViT), so their state
dictionaries load as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import Reduction, ViTConfig
from .multiscale import MultiScale
from .reduction import AttentionFacts, Tokens, reduce_tokens, take
from .relative import relative_bias
from .rotary import RotaryPositions, turned
from .trace import Trace


def norm_of(config: ViTConfig, width: int) -> nn.Module:
    """The model's norm of rows."""
    kind = nn.RMSNorm if config.rms_norm else nn.LayerNorm
    return kind(width, eps=config.epsilon)


class PatchEmbed(nn.Module):
    """Picture [B, 3, S, S] -> [B, g*g, D], one linear map a patch. Patches that were cut out before,
    [B, M, 3 * p * p] with channel, row and column in this order, are taken as they are."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(
            3, config.embed_dim, config.patch_size, stride=config.patch_size,
            bias=not config.pre_norm)
        self.norm = norm_of(config, config.embed_dim) if config.rms_norm else nn.Identity()

    def forward(self, picture: Tensor) -> Tensor:
        if picture.dim() == 3:
            return self.norm(F.linear(picture, self.proj.weight.flatten(1), self.proj.bias))
        return self.norm(self.proj(picture).flatten(2).mT)


class StemPatchEmbed(nn.Module):
    """LV-ViT's stem: three convolutions at half resolution, then 8x8 patches of the result."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        width = config.stem_width
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        inner = config.patch_size // 2
        self.proj = nn.Conv2d(width, config.embed_dim, inner, stride=inner)

    def forward(self, picture: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(picture)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.relu(self.bn3(self.conv3(x)))
        return self.proj(x).flatten(2).mT


class Attention(nn.Module):
    """Multi-head self-attention; with sizes, logits gain log(size[key]). With `angles` [B, 1 or H, N, d / 2] queries and
    keys of patch tokens are turned by them; keys are told to the reduction as attention compares them. A relative position
    bias is that of the patches that tokens stand for."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.heads, self.prefix = config.heads, config.prefix
        self.class_token = config.class_token
        self.grid, self.separate = config.grid, config.separate_biases
        self.qkv = nn.Linear(
            config.embed_dim, 3 * config.embed_dim, bias=config.qkv_bias and not self.separate)
        if self.separate:
            self.q_bias = nn.Parameter(torch.zeros(config.embed_dim))
            self.v_bias = nn.Parameter(torch.zeros(config.embed_dim))
        norms = [nn.LayerNorm(config.head_width, eps=config.epsilon) if config.qk_norm
                 else nn.Identity() for _ in range(2)]
        self.q_norm, self.k_norm = norms
        self.halves = config.rotary is not None and config.rotary.halves
        self.proj = nn.Linear(config.embed_dim, config.embed_dim, bias=not config.rms_norm)
        entries = (2 * config.grid - 1) ** 2 + 3 * config.prefix
        self.relative_position_bias_table = (
            nn.Parameter(torch.zeros(entries, config.heads)) if config.relative else None)

    def forward(
        self, x: Tensor, sizes: Tensor | None = None, facts: str = "none",
        angles: Tensor | None = None, patches: Tensor | None = None,
    ) -> tuple[Tensor, AttentionFacts | None]:
        """`facts`: "none", "importance", or "all" to keep the probabilities too."""
        batch, tokens, width = x.shape
        qkv = self.qkv(x)
        if self.separate:
            qkv = qkv + torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        q, k, v = qkv.reshape(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = self.q_norm(q), self.k_norm(k)
        if angles is not None:
            q, k = (turned(part, angles, self.prefix, self.halves) for part in (q, k))
        bias = None if sizes is None else sizes.log()[:, None, None, :]
        if (table := self.relative_position_bias_table) is not None:
            positions = relative_bias(table, self.grid, self.prefix, patches)
            bias = positions if bias is None else bias + positions
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        out = self.proj(out.transpose(1, 2).reshape(batch, tokens, width))
        if facts == "none":
            return out, None
        asked = q if facts == "all" or not self.class_token else q[:, :, :1]
        scores = asked @ k.mT * q.shape[-1] ** -0.5
        if bias is not None:
            scores = scores + (bias if bias.shape[2] == 1 else bias[:, :, : scores.shape[2]])
        probabilities = scores.softmax(dim=-1)
        # Without a class token: what all tokens attend to each.
        attending = probabilities[:, :, :1] if self.class_token else probabilities
        importance = attending.mean(dim=(1, 2))[:, self.prefix :]
        return out, AttentionFacts(importance, k, probabilities if facts == "all" else None, v)


class FeedForward(nn.Module):
    """Two linear layers around the exact (erf) GELU, or CLIP's `x sigmoid(1.702 x)`, or SwiGLU."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.quick_gelu, self.gated = config.quick_gelu, config.gated
        bias = not config.rms_norm
        self.fc1 = nn.Linear(config.embed_dim, (1 + config.gated) * config.mlp_width, bias=bias)
        self.fc2 = nn.Linear(config.mlp_width, config.embed_dim, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x)
        if self.gated:
            gate, value = x.chunk(2, dim=-1)
            return self.fc2(F.silu(gate) * value)
        return self.fc2(x * (1.702 * x).sigmoid() if self.quick_gelu else F.gelu(x))


class AttentionPool(nn.Module):
    """SigLIP's pooling: attention of a learnt query to the patch tokens, and an FFN; with sizes, logits
    gain log(size[key])."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        width = config.embed_dim
        self.heads = config.heads
        self.latent = nn.Parameter(torch.zeros(1, 1, width))
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=config.epsilon)
        self.mlp = FeedForward(config)

    def forward(self, x: Tensor, sizes: Tensor | None = None) -> Tensor:
        batch, tokens, width = x.shape
        q = self.q(self.latent).reshape(1, 1, self.heads, -1).transpose(1, 2).expand(batch, -1, -1, -1)
        k, v = self.kv(x).reshape(batch, tokens, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        bias = None if sizes is None else sizes.log()[:, None, None, :]
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        out = self.proj(out.transpose(1, 2).reshape(batch, width))
        return out + self.mlp(self.norm(out))


class LayerScale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 1e-4))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    """x += attn(norm1(x)) / skip_lam; x += mlp(norm2(x)) / skip_lam; LayerScale where it exists."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        width = config.embed_dim
        self.skip_lam = config.skip_lam
        self.norm1 = norm_of(config, width)
        self.attn = Attention(config)
        self.ls1 = LayerScale(width) if config.layer_scale else nn.Identity()
        self.norm2 = norm_of(config, width)
        self.mlp = FeedForward(config)
        self.ls2 = LayerScale(width) if config.layer_scale else nn.Identity()

    def attend(
        self, x: Tensor, sizes: Tensor | None = None, facts: str = "none",
        angles: Tensor | None = None, patches: Tensor | None = None,
    ) -> tuple[Tensor, AttentionFacts | None]:
        out, found = self.attn(self.norm1(x), sizes, facts, angles, patches)
        return x + self.ls1(out) / self.skip_lam, found

    def attend_coarsely(self, x: Tensor, scales: MultiScale) -> Tensor:
        """Eq. 6: x + UP(attn(DOWN(norm1(x))))."""
        out, _ = self.attn(scales.down(self.norm1(x)))
        return x + scales.up(self.ls1(out) / self.skip_lam)

    def feed_forward(self, x: Tensor) -> Tensor:
        return x + self.ls2(self.mlp(self.norm2(x))) / self.skip_lam

    def forward(
        self, x: Tensor, angles: Tensor | None = None, patches: Tensor | None = None
    ) -> Tensor:
        return self.feed_forward(self.attend(x, angles=angles, patches=patches)[0])


class VisionTransformer(nn.Module):
    """DeiT, DeiT distilled, DeiT-III, LV-ViT, DINOv2, the vision towers of CLIP and SigLIP, a plain ViT, or
    one that averages its patch tokens; `multi_scale` adds that stage's weights."""

    def __init__(self, config: ViTConfig, multi_scale: bool = False) -> None:
        super().__init__()
        self.config = config
        width, patches = config.embed_dim, config.grid**2
        stem = StemPatchEmbed if config.family == "lvvit" else PatchEmbed
        self.patch_embed = stem(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width)) if config.class_token else None
        if config.registers:
            self.reg_token = nn.Parameter(torch.zeros(1, config.registers, width))
        if config.family == "deit_distilled":
            self.dist_token = nn.Parameter(torch.zeros(1, 1, width))
        covered = patches + (config.prefix if config.positions_cover_prefix else 0)
        self.pos_embed = (
            nn.Parameter(torch.zeros(1, covered, width)) if config.has_positions else None)
        self.rope = RotaryPositions(config) if config.rotary else None
        self.norm_pre = (
            nn.LayerNorm(width, eps=config.epsilon) if config.pre_norm else nn.Identity())
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        # Where tokens are averaged, the norm is behind the mean.
        norms = [norm_of(config, width), nn.Identity()]
        is_behind = config.pooling == "avg" and not config.pools_normed
        self.norm, self.fc_norm = norms[::-1] if is_behind else norms
        if config.pooling == "map":
            self.attn_pool = AttentionPool(config)
        # Without classes the result is what a head would read.
        self.head = nn.Linear(width, config.classes) if config.classes else nn.Identity()
        if config.family == "deit_distilled":
            self.head_dist = nn.Linear(width, config.classes) if config.classes else nn.Identity()
        if config.family == "lvvit":
            self.aux_head = nn.Linear(width, config.classes)
        if multi_scale:
            self.multiscale = MultiScale(config)
        self.apply(_initialise)
        for token in (self.cls_token, self.pos_embed):
            if token is not None:
                nn.init.trunc_normal_(token, std=0.1)

    def embed(self, picture: Tensor, patches: Tensor | None = None) -> Tensor:
        """Prefix and patch tokens with positions. For cheap training, `picture` may hold M patches
        that were cut out, [B, M, 3 * p * p], with `patches` [B, M] telling which."""
        rows = self.patch_embed(picture)
        prefix = [self.cls_token] if self.config.class_token else [rows[:1, :0]]
        if self.config.family == "deit_distilled":
            prefix.append(self.dist_token)
        if self.config.registers:
            prefix.append(self.reg_token)
        start = torch.cat(prefix, dim=1).expand(rows.shape[0], -1, -1)
        if self.pos_embed is None:
            return self.norm_pre(torch.cat([start, rows], dim=1))
        places = self.pos_embed
        if self.config.positions_cover_prefix:
            start = start + places[:, : self.config.prefix]
            places = places[:, self.config.prefix :]
        if patches is not None:
            places = take(places.expand(rows.shape[0], -1, -1), patches)
        return self.norm_pre(torch.cat([start, rows + places], dim=1))

    def features(self, picture: Tensor, patches: Tensor | None = None) -> Tensor:
        """Every token after the last norm, [B, P + N, D], without reduction; for training with a
        label for each token, as LV-ViT's authors do."""
        x = self.embed(picture, patches)
        for index, block in enumerate(self.blocks):
            x = block(x, self._angles(index, patches), patches)
        return self.norm(x)

    def _angles(self, block: int, patches: Tensor | None) -> Tensor | None:
        """Of patch tokens at positions `patches` [B, N], all of them in order without it."""
        return None if self.rope is None else self.rope(block, patches)

    def forward(
        self,
        picture: Tensor,
        plan: Reduction | None = None,
        trace: Trace | None = None,
    ) -> Tensor:
        """Logits [B, classes] of normalised pictures [B, 3, S, S]; features [B, D] without classes."""
        prefix = self.config.prefix
        x = self.embed(picture)
        first = 0
        if plan is not None and plan.multi_scale:
            first = plan.layers[0]
            x = self._two_scales(picture, x, first)
        batch, count = x.shape[0], x.shape[1] - prefix
        tokens = Tokens(x, torch.arange(count, device=x.device).expand(batch, -1), prefix)
        if plan is not None and plan.carries_sizes:
            tokens.sizes = torch.ones(x.shape[:2], device=x.device, dtype=x.dtype)
        if trace is not None:
            trace.start(tokens.origin)
        for index, block in enumerate(self.blocks[first:], start=first):
            tokens = self._run(block, index, tokens, plan, trace)
        return self._classify(self.norm(tokens.rows), tokens.sizes)

    def _run(
        self, block: Block, index: int, tokens: Tokens, plan: Reduction | None, trace: Trace | None
    ) -> Tokens:
        reducing = plan is not None and plan.selects(index)
        needed = "none"
        if reducing:
            needed = "all" if plan.similarity == "attention" else "importance"
        # A token keeps the position that it has when others join it.
        angles = self._angles(index, tokens.origin)
        tokens.rows, facts = block.attend(
            tokens.rows, tokens.sizes, needed, angles, tokens.origin)
        if reducing:
            tokens = reduce_tokens(tokens, facts, plan, index, trace)
            if trace is not None:
                trace.rows.append(tokens.rows)
                trace.sizes.append(tokens.sizes)
        tokens.rows = block.feed_forward(tokens.rows)
        return tokens

    def _two_scales(self, picture: Tensor, high: Tensor, blocks: int) -> Tensor:
        """Runs both scales through the first `blocks` blocks and joins them."""
        scales = self.multiscale
        low = scales.low_tokens(self.patch_embed(F.avg_pool2d(picture, 2)))
        for block in self.blocks[:blocks]:
            high = block.feed_forward(block.attend_coarsely(high, scales))
            low = block(low)
        return scales.fuse(high, low)

    def _classify(self, x: Tensor, sizes: Tensor | None) -> Tensor:
        patches = x[:, self.config.prefix :]
        weights = None if sizes is None else sizes[:, self.config.prefix :]
        if self.config.pooling == "map":
            return self.head(self.attn_pool(patches, weights))
        if self.config.pooling == "avg":
            if weights is None:
                return self.head(self.fc_norm(patches.mean(dim=1)))
            total = weights.sum(dim=1, keepdim=True)
            return self.head(self.fc_norm((patches * weights[..., None]).sum(dim=1) / total))
        if self.config.family == "deit_distilled":
            return (self.head(x[:, 0]) + self.head_dist(x[:, 1])) / 2
        if self.config.family == "lvvit":
            return self.head(x[:, 0]) + 0.5 * self.aux_head(x[:, 1:]).amax(dim=1)
        return self.head(x[:, 0])


def _initialise(module: nn.Module) -> None:
    """Weights scaled by their fans, so that narrow models start with a signal; zero biases."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
