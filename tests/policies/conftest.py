import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Nets this small are slower on two threads, and many times slower when the cores are busy."""
    torch.set_num_threads(1)
