"""Drivers of models: processes that serve one, clients that ask one, and what loads one into memory."""
