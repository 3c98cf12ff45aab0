"""Right after loading: does the packed way give this architecture's own numbers?

Models differ in how they scale logits, bias attention and lay out positions. Rather than
to keep a list of names, a few tokens go through the model's own forward pass, one sequence
at a time with plain attention, and through ours. It warms the model up as well.
"""

import torch

from curation.models.forward import Forward
from curation.models.packed_attention import IMPLEMENTATION
from curation.models.paths import Path
from schemas.errors import ModelError

_TOLERANCE = {torch.float32: 1e-3}
_COARSE = 0.25  # nats; two roundings to bfloat16 differ by 0.06 on average, errors by nats


@torch.inference_mode()
def check_architecture(forward: Forward) -> None:
    """Compare a few likelihoods.

    Raises: ModelError when this model's architecture is not supported.
    """
    model = forward.model
    ids = [token % model.config.get_text_config().vocab_size for token in range(11, 35)]
    sequences = [ids[:16], ids[:10] + ids[16:22], ids[:10] + ids[22:24]]
    paths = [Path(sequence, 9, None) for sequence in sequences]
    try:
        [(packed, _)] = forward.run([paths])
        model.set_attn_implementation("eager")
        plain = [
            model(torch.tensor([sequence], device=forward.device)).logits[0].float()
            for sequence in sequences
        ]
    except Exception as error:  # Each architecture has its own way to fail at this.
        raise ModelError(f"models of the type {_kind(model)} cannot be scored: {error}") from error
    finally:
        model.set_attn_implementation(IMPLEMENTATION)
    gaps = []
    for path, logits, measured in zip(paths, plain, packed, strict=True):
        chosen = torch.tensor(path.tokens[9:], device=logits.device)[:, None]
        expected = logits[8:-1].log_softmax(-1).gather(1, chosen)[:, 0].cpu()
        gaps.append((expected - torch.tensor(measured.likelihood)).abs())
    gap = float(torch.cat(gaps).mean())
    if not gap <= _TOLERANCE.get(model.dtype, _COARSE):
        raise ModelError(
            f"models of the type {_kind(model)} cannot be scored: packed likelihoods differ by "
            f"{gap:.3g} nats on average from the model's own"
        )


def _kind(model: torch.nn.Module) -> str:
    return type(model).__name__
