"""A simulated province: a bank and a carrier, people who live normally and a few who do not.

Start at `demo.world.generate`. Everything is a pure function of its arguments: no clock, no global
random generator, no dependence on hash or set order. Ground truth is written beside the landing
folder, never below it.
"""
